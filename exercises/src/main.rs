//! Judges an exercise: `cargo run -p impasto-exercises -- 2`.
#![forbid(unsafe_code)]

use impasto_exercises::judge::judge;
use impasto_exercises::solutions::solution;
use impasto_exercises::work::{EXERCISES, Work};
use std::path::PathBuf;
use std::process::ExitCode;

const TITLES: [[&str; 2]; EXERCISES] = [
    ["the content loss", "内容损失"],
    ["the Gram matrix", "Gram 矩阵"],
    ["the style loss", "风格损失"],
    ["the total variation", "总变差"],
    ["an operation of your own", "自己写一个运算"],
    ["a step of Adam", "Adam 的一步"],
    ["the loop", "主循环"],
];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let has = |option: &str| arguments.iter().any(|argument| argument == option);
    let chinese = usize::from(has("--zh"));
    // What panics is told with the test that it panicked in.
    std::panic::set_hook(Box::new(|_| ()));
    let exercise = arguments.iter().find_map(|argument| argument.parse::<usize>().ok());
    let work = match exercise {
        Some(exercise) if has("--solution") => solution(exercise),
        Some(exercise) => Work::yours(exercise),
        None => return list(chinese),
    };
    let (Some(exercise), Some(work)) = (exercise, work) else {
        eprintln!("error: the exercises are 1 to {EXERCISES}");
        return ExitCode::from(2);
    };
    let data = std::env::var_os("IMPASTO_DATA").map(PathBuf::from);
    let verdict = judge(&work, data.as_deref());
    println!("{exercise}. {}", TITLES[exercise - 1][chinese]);
    if verdict.unwritten {
        let text = ["not written yet: it is in", "还没有写：请在这个文件里写"][chinese];
        println!("   {text} exercises/src/exercise_{exercise}.rs");
        return ExitCode::FAILURE;
    }
    for line in &verdict.lines {
        let mark = if line.passed { "ok  " } else { "    " };
        println!("   {mark}{}", if chinese == 1 { &line.text_zh } else { &line.text });
    }
    if let Some(fault) = verdict.fault {
        match chinese {
            1 => println!("   {}", fault.hint_zh),
            _ => println!("   {}: {}", fault.fault, fault.hint),
        }
    }
    match verdict.passed() {
        true => {
            println!("   {}", ["right", "正确"][chinese]);
            ExitCode::SUCCESS
        }
        false => ExitCode::FAILURE,
    }
}

/// What there is, and how far it is.
fn list(chinese: usize) -> ExitCode {
    let mut next = None;
    for exercise in 1..=EXERCISES {
        let verdict = Work::yours(exercise).map(|work| judge(&work, None));
        let state = match &verdict {
            Some(verdict) if verdict.unwritten => ["not written yet", "还没有写"],
            Some(verdict) if verdict.passed() => ["right", "正确"],
            _ => ["not right yet", "还不对"],
        };
        if !verdict.is_some_and(|verdict| verdict.passed()) {
            next = next.or(Some(exercise));
        }
        println!("{exercise}. {}: {}", TITLES[exercise - 1][chinese], state[chinese]);
    }
    let Some(next) = next else {
        println!("\n{}", ["All of them are right.", "全部正确。"][chinese]);
        return ExitCode::SUCCESS;
    };
    let (command, file) =
        (format!("cargo run -p impasto-exercises -- {next}"), format!("exercises/src/exercise_{next}.rs"));
    match chinese {
        0 => println!("\n{command} judges number {next}; write it in {file}"),
        _ => println!("\n{command} --zh 检查第 {next} 题；请写在 {file} 里"),
    }
    ExitCode::SUCCESS
}
