//! What is said of a solution: the notebook's own line for each test, and what is wrong, where that is known.

use crate::solutions::solution;
use crate::tests::{self, Input, Seen, Test, Unseen};
use crate::work::Work;
use crate::wrong::{self, Wrong};
use impasto::autodiff::{GradcheckError, gradcheck};
use impasto::check::rel_error;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

/// Below this a test is passed: what the notebook prints as 0.000 or 0.001.
pub const TOLERANCE: f64 = 1e-3;

/// What two solutions may differ by that compute the same.
const SAME: f64 = 1e-9;

/// What is said of a solution.
#[derive(Debug, Clone)]
pub struct Verdict {
    /// One for each test, in order.
    pub lines: Vec<Line>,
    /// What is wrong, where students often write it so.
    pub fault: Option<Wrong>,
    /// Whether it is a `todo!()`.
    pub unwritten: bool,
}

/// What is said of one test.
#[derive(Debug, Clone)]
pub struct Line {
    /// Whether it is passed.
    pub passed: bool,
    /// In words.
    pub text: String,
    /// 中文。
    pub text_zh: String,
}

impl Verdict {
    /// Whether everything is passed.
    pub fn passed(&self) -> bool {
        !self.unwritten && self.lines.iter().all(|line| line.passed)
    }
}

/// Judges a solution; with the notebook's answer where the folder `data`, around `notebook`, is given and can be read.
pub fn judge(work: &Work, data: Option<&Path>) -> Verdict {
    let exercise = work.exercise();
    let mut tests = tests::of(exercise);
    let mut lines = Vec::new();
    match data.map(|data| tests::of_the_notebook(exercise, data)) {
        Some(Ok(test)) => tests.extend(test),
        Some(Err(error)) => lines.push(Line {
            passed: true,
            text: format!("the notebook's answer is left out: {error}"),
            text_zh: format!("略去笔记本的答案：{error}"),
        }),
        None => {}
    }
    for test in &tests {
        match test.input.observe(work) {
            Err(Unseen::Unwritten) => return Verdict { lines: Vec::new(), fault: None, unwritten: true },
            seen => lines.push(line(test, &seen)),
        }
    }
    if lines.iter().all(|line| line.passed)
        && let Some(test) =
            tests.iter().find(|test| test.expected.is_none() && !test.input.arrays().is_empty())
    {
        lines.push(gradients(work, &test.input));
    }
    let fault = match lines.iter().all(|line| line.passed) {
        true => None,
        false => diagnose(work, &tests),
    };
    Verdict { lines, fault, unwritten: false }
}

/// What must be seen in a test.
fn expected(test: &Test) -> Option<Seen> {
    let ours = test.input.observe(&solution(test.input.exercise())?).ok()?;
    Some(match &test.expected {
        Some(values) => Seen { shape: ours.shape, values: values.clone() },
        None => ours,
    })
}

fn line(test: &Test, seen: &Result<Seen, Unseen>) -> Line {
    let (name, name_zh) = (test.name, test.name_zh);
    let failed = |text: String, text_zh: String| Line {
        passed: false,
        text: format!("{name}: {text}"),
        text_zh: format!("{name_zh}：{text_zh}"),
    };
    let (Some(expected), Ok(seen)) = (expected(test), seen) else {
        let reason = match seen {
            Err(Unseen::Failed(reason)) => reason.clone(),
            _ => String::new(),
        };
        return failed(reason.clone(), reason);
    };
    if seen.shape != expected.shape || seen.values.len() != expected.values.len() {
        return failed(
            format!("the result has the shape {:?}, it must be {:?}", seen.shape, expected.shape),
            format!("结果的形状是 {:?}，应为 {:?}", seen.shape, expected.shape),
        );
    }
    let error = rel_error(seen.values.iter().copied(), expected.values.iter().copied());
    let passed = error < TOLERANCE;
    let mut text = format!("{name}: Maximum error is {error:.3}");
    let mut text_zh = format!("{name_zh}：最大误差 {error:.3}");
    if !passed && seen.values.len() <= 4 {
        text += &format!(" ({:?}, it must be {:?})", seen.values, expected.values);
        text_zh += &format!("（得到 {:?}，应为 {:?}）", seen.values, expected.values);
    }
    Line { passed, text, text_zh }
}

/// Compares the gradients with central differences.
fn gradients(work: &Work, input: &Input) -> Line {
    let checked = catch_unwind(AssertUnwindSafe(|| {
        gradcheck(&input.arrays(), |tape, vars| {
            let result = input.record(work, tape, vars)?;
            let squares = tape.square(result)?;
            tape.sum(squares)
        })
    }));
    let (passed, text, text_zh) = match checked {
        Ok(Ok(())) => {
            (true, "gradients: as central differences".to_owned(), "梯度：与中心差分一致".to_owned())
        }
        Ok(Err(GradcheckError::Differs { index, gradient, difference, .. })) => (
            false,
            format!("gradients: number {index} is {gradient}, the central difference {difference}"),
            format!("梯度：第 {index} 个数是 {gradient}，中心差分是 {difference}"),
        ),
        Ok(Err(error)) => (false, format!("gradients: {error}"), format!("梯度：{error}")),
        Err(_) => (false, "gradients: it panicked".to_owned(), "梯度：程序崩溃".to_owned()),
    };
    Line { passed, text, text_zh }
}

/// The wrong solution that gives the same in every test.
fn diagnose(work: &Work, tests: &[Test]) -> Option<Wrong> {
    let looks_alike = |wrong: &Wrong| {
        tests.iter().all(|test| match (test.input.observe(work), test.input.observe(&wrong.work)) {
            (Ok(own), Ok(other)) => {
                let same = |a: f64, b: f64| {
                    a == b || (a.is_nan() && b.is_nan()) || (a - b).abs() <= SAME * (a.abs() + b.abs())
                };
                own.shape == other.shape && own.values.iter().zip(&other.values).all(|(&a, &b)| same(a, b))
            }
            (Err(_), Err(_)) => true,
            _ => false,
        })
    };
    wrong::of(work.exercise()).find(looks_alike)
}
