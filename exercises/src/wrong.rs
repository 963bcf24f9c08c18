//! What students write first, each with what is wrong with it.

use crate::exercise_6::Memory;
use crate::solutions;
use crate::work::Work;
use impasto::autodiff::{Tape, TapeError, Var};
use ndarray::{Array2, ArrayView2};

/// A wrong solution.
#[derive(Debug, Clone, Copy)]
pub struct Wrong {
    /// What is wrong, in a word or two; the same for the same fault of several exercises.
    pub fault: &'static str,
    /// A sentence for who wrote it.
    pub hint: &'static str,
    /// 中文提示。
    pub hint_zh: &'static str,
    /// The functions.
    pub work: Work,
}

/// Those of an exercise.
pub fn of(exercise: usize) -> impl Iterator<Item = Wrong> {
    all().into_iter().filter(move |wrong| wrong.work.exercise() == exercise)
}

/// All of them.
pub fn all() -> Vec<Wrong> {
    let wrong = |fault, hint, hint_zh, work| Wrong { fault, hint, hint_zh, work };
    vec![
        wrong(
            "a factor of 2",
            "It is half of what it should be: the paper has a factor of 1/2 in front of the content loss, the notebook has none.",
            "结果只有应有的一半：论文的内容损失前面有 1/2，笔记本没有。",
            Work::Content(|tape, weight, features, target| {
                content(tape, 0.5 * weight, features, target, true)
            }),
        ),
        wrong(
            "a mean for a sum",
            "It is the mean over all features; the notebook adds them up.",
            "这是对所有特征求平均；笔记本是求和。",
            Work::Content(|tape, weight, features, target| {
                let count = tape.shape(features)?.iter().product::<usize>() as f64;
                content(tape, weight / count, features, target, true)
            }),
        ),
        wrong(
            "the weight left out",
            "The weight is not there.",
            "没有乘权重。",
            Work::Content(|tape, _, features, target| content(tape, 1.0, features, target, true)),
        ),
        wrong(
            "the square left out",
            "The differences are added up as they are: those above and below the target cancel. Square them first.",
            "差没有平方就加起来了：正负会抵消。先平方。",
            Work::Content(|tape, weight, features, target| content(tape, weight, features, target, false)),
        ),
        wrong(
            "a missing normalization",
            "With `normalize`, the matrix is divided by the number of features, H * W * C.",
            "`normalize` 为真时，要除以特征的个数 H * W * C。",
            Work::Gram(|tape, features, _| solutions::gram_matrix(tape, features, false)),
        ),
        wrong(
            "the channels left out of the normalization",
            "It is divided by H * W; the notebook divides by H * W * C.",
            "只除以了 H * W；笔记本除以 H * W * C。",
            Work::Gram(|tape, features, normalize| {
                let channels = tape.shape(features)?[3] as f64;
                let gram = solutions::gram_matrix(tape, features, normalize)?;
                tape.scale(gram, if normalize { channels } else { 1.0 })
            }),
        ),
        wrong(
            "a lost transpose",
            "Features are reshaped to (C, H * W) as they stand, which mixes channels and positions: reshape to (H * W, C), and \
             transpose that.",
            "直接 reshape 成 (C, H * W) 会把通道和位置混在一起：应先 reshape 成 (H * W, C)，再转置。",
            Work::Gram(|tape, features, normalize| {
                let shape = tape.shape(features)?.to_vec();
                let (positions, channels) = (shape[1] * shape[2], shape[3]);
                let mixed = tape.reshape(features, &[channels, positions])?;
                let columns = tape.transpose(mixed, &[1, 0])?;
                let gram = tape.matmul(mixed, columns)?;
                tape.scale(gram, if normalize { 1.0 / (positions * channels) as f64 } else { 1.0 })
            }),
        ),
        wrong(
            "positions for channels",
            "It is F F^T, which tells which positions are alike, (H * W, H * W); the Gram matrix is F^T F, (C, C).",
            "这是 F F^T，比较的是位置，形状为 (H * W, H * W)；Gram 矩阵是 F^T F，形状为 (C, C)。",
            Work::Gram(|tape, features, normalize| {
                let shape = tape.shape(features)?.to_vec();
                let (positions, channels) = (shape[1] * shape[2], shape[3]);
                let rows = tape.reshape(features, &[positions, channels])?;
                let columns = tape.transpose(rows, &[1, 0])?;
                let gram = tape.matmul(rows, columns)?;
                tape.scale(gram, if normalize { 1.0 / (positions * channels) as f64 } else { 1.0 })
            }),
        ),
        wrong(
            "an index off",
            "`features[i]` was taken for `features[layers[i]]`: `features` has every layer, `layers` says which of them count.",
            "把 `features[layers[i]]` 写成了 `features[i]`：`features` 里是所有层，哪些层参与计算由 `layers` 决定。",
            Work::Style(|tape, features, layers, targets, weights| {
                let first: Vec<usize> = (0..layers.len()).collect();
                style(tape, features, &first, targets, weights, true)
            }),
        ),
        wrong(
            "`=` where `+=` is needed",
            "Only the last layer is there: the loss of each is to be added to those before it.",
            "只剩下最后一层：每层的损失应当累加。",
            Work::Style(|tape, features, layers, targets, weights| {
                let last = layers.len() - 1;
                style(tape, features, &layers[last..], &targets[last..], &weights[last..], true)
            }),
        ),
        wrong(
            "a missing normalization",
            "The picture's Gram matrices are not normalized, and the targets are.",
            "图像的 Gram 矩阵没有归一化，而目标是归一化的。",
            Work::Style(|tape, features, layers, targets, weights| {
                style(tape, features, layers, targets, weights, false)
            }),
        ),
        wrong(
            "the weight left out",
            "The layers' weights are not there.",
            "没有乘各层的权重。",
            Work::Style(|tape, features, layers, targets, weights| {
                style(tape, features, layers, targets, &vec![1.0; weights.len()], true)
            }),
        ),
        wrong(
            "the border left out",
            "The pairs in the last row and the last column are missing: so the notebook prints the formula, but its answers \
             have all pairs.",
            "少了最后一行和最后一列里的那些像素对：笔记本印出的公式就是这样，但它的答案包含所有像素对。",
            Work::Tv(|tape, image, weight| {
                let shape = tape.shape(image)?.to_vec();
                let (rows, columns) = (shape[1] - 1, shape[2] - 1);
                let upper = tape.narrow(image, 1, 0, rows)?;
                let corner = tape.narrow(upper, 2, 0, columns)?;
                let lower = tape.narrow(image, 1, 1, rows)?;
                let lower = tape.narrow(lower, 2, 0, columns)?;
                let right = tape.narrow(upper, 2, 1, columns)?;
                let down = squared_distance(tape, lower, corner)?;
                let across = squared_distance(tape, right, corner)?;
                tape.weighted_sum(&[(down, weight), (across, weight)])
            }),
        ),
        wrong(
            "one direction left out",
            "Only pixels above each other are compared; those beside each other are missing.",
            "只比较了上下相邻的像素，少了左右相邻的。",
            Work::Tv(|tape, image, weight| {
                let down = variation(tape, image, 1)?;
                tape.scale(down, weight)
            }),
        ),
        wrong(
            "a factor of 2",
            "Each pair is there twice: once from either of its pixels.",
            "每一对像素算了两次。",
            Work::Tv(|tape, image, weight| {
                let (down, across) = (variation(tape, image, 1)?, variation(tape, image, 2)?);
                tape.weighted_sum(&[(down, 2.0 * weight), (across, 2.0 * weight)])
            }),
        ),
        wrong(
            "the weight left out",
            "The weight is not there.",
            "没有乘权重。",
            Work::Tv(|tape, image, _| {
                let (down, across) = (variation(tape, image, 1)?, variation(tape, image, 2)?);
                tape.weighted_sum(&[(down, 1.0), (across, 1.0)])
            }),
        ),
        wrong(
            "a factor of 2",
            "x stands in the product twice: x d_out is only half of the gradient. d_out^T adds the other half.",
            "x 在乘积里出现两次：x d_out 只是梯度的一半，另一半来自 d_out 的转置。",
            Work::Operation(solutions::forward, |x, d_out, d_x| *d_x += &x.dot(&d_out)),
        ),
        wrong(
            "a lost transpose",
            "2 x d_out is right only where d_out is symmetric; in general it is x (d_out + d_out^T).",
            "只有 d_out 对称时 2 x d_out 才对；一般应为 x (d_out + d_out^T)。",
            Work::Operation(solutions::forward, |x, d_out, d_x| *d_x += &(2.0 * x.dot(&d_out))),
        ),
        wrong(
            "`=` where `+=` is needed",
            "d_x may hold what other operations that read x have added: add to it.",
            "d_x 里可能已有别的运算加进去的梯度：要累加，不能覆盖。",
            Work::Operation(solutions::forward, |x, d_out, d_x| *d_x = both(x, d_out)),
        ),
        wrong(
            "a sign turned round",
            "The gradient points the other way.",
            "梯度的方向反了。",
            Work::Operation(solutions::forward, |x, d_out, d_x| *d_x -= &both(x, d_out)),
        ),
        wrong(
            "an index off",
            "t counts from 1: add to it before it is used, or the first step divides by 0.",
            "t 从 1 数起：先加一再用，否则第一步会除以 0。",
            Work::Adam(|memory, learning_rate, gradient, x| {
                let t = memory.t;
                memory.t += 1;
                adam(memory, learning_rate * correction(t), gradient, x);
            }),
        ),
        wrong(
            "the correction left out",
            "m and v begin at 0 and are too small at first: the step is to be multiplied by sqrt(1 - 0.999^t) / (1 - 0.9^t).",
            "m 和 v 从 0 开始，起初偏小：步长要乘以 sqrt(1 - 0.999^t) / (1 - 0.9^t)。",
            Work::Adam(|memory, learning_rate, gradient, x| {
                memory.t += 1;
                adam(memory, learning_rate, gradient, x);
            }),
        ),
        wrong(
            "a sign turned round",
            "It goes up the gradient.",
            "走的是上坡：应当减去，不是加上。",
            Work::Adam(|memory, learning_rate, gradient, x| {
                memory.t += 1;
                let step = -learning_rate * correction(memory.t);
                adam(memory, step, gradient, x);
            }),
        ),
        wrong(
            "the square left out",
            "v is the average of the gradient's *square*.",
            "v 是梯度*平方*的移动平均。",
            Work::Adam(|memory, learning_rate, gradient, x| {
                memory.t += 1;
                let step = learning_rate * correction(memory.t);
                for (index, &g) in gradient.iter().enumerate() {
                    memory.m[index] = 0.9 * memory.m[index] + 0.1 * g;
                    memory.v[index] = 0.999 * memory.v[index] + 0.001 * g;
                    x[index] -= step * memory.m[index] / (memory.v[index].sqrt() + 1e-8);
                }
            }),
        ),
        wrong(
            "an index off",
            "The learning rate falls an iteration late: it is 0.1 from iteration `decay_at` on.",
            "学习率晚降了一次：从第 `decay_at` 次迭代起就该是 0.1。",
            Work::Loop(|x, iterations, decay_at, gradient, step| {
                for iteration in 0..iterations {
                    let of_x = gradient(x);
                    step(if iteration <= decay_at { 3.0 } else { 0.1 }, &of_x, x);
                    clamp(x, iteration < decay_at);
                }
            }),
        ),
        wrong(
            "the clamp left out",
            "Before iteration `decay_at`, values are clamped to -1.5..=1.5 after the step.",
            "第 `decay_at` 次之前，每步之后要把值截断到 [-1.5, 1.5]。",
            Work::Loop(|x, iterations, decay_at, gradient, step| {
                for iteration in 0..iterations {
                    let of_x = gradient(x);
                    step(if iteration < decay_at { 3.0 } else { 0.1 }, &of_x, x);
                }
            }),
        ),
        wrong(
            "a clamp without end",
            "From iteration `decay_at` on nothing is clamped any more.",
            "从第 `decay_at` 次起不再截断。",
            Work::Loop(|x, iterations, decay_at, gradient, step| {
                for iteration in 0..iterations {
                    let of_x = gradient(x);
                    step(if iteration < decay_at { 3.0 } else { 0.1 }, &of_x, x);
                    clamp(x, true);
                }
            }),
        ),
        wrong(
            "the clamp before the step",
            "Values are clamped after the step, not before it.",
            "应当先走一步再截断，而不是先截断。",
            Work::Loop(|x, iterations, decay_at, gradient, step| {
                for iteration in 0..iterations {
                    clamp(x, iteration < decay_at);
                    let of_x = gradient(x);
                    step(if iteration < decay_at { 3.0 } else { 0.1 }, &of_x, x);
                }
            }),
        ),
    ]
}

fn content(
    tape: &mut Tape<f64>,
    weight: f64,
    features: Var,
    target: Var,
    squares: bool,
) -> Result<Var, TapeError> {
    let difference = tape.sub(features, target)?;
    let terms = if squares { tape.square(difference)? } else { difference };
    let sum = tape.sum(terms)?;
    tape.scale(sum, weight)
}

fn squared_distance(tape: &mut Tape<f64>, a: Var, b: Var) -> Result<Var, TapeError> {
    let difference = tape.sub(a, b)?;
    let squares = tape.square(difference)?;
    tape.sum(squares)
}

fn style(
    tape: &mut Tape<f64>,
    features: &[Var],
    layers: &[usize],
    targets: &[Var],
    weights: &[f64],
    normalize: bool,
) -> Result<Var, TapeError> {
    let mut terms = Vec::new();
    for ((&layer, &target), &weight) in layers.iter().zip(targets).zip(weights) {
        let gram = solutions::gram_matrix(tape, features[layer], normalize)?;
        terms.push((squared_distance(tape, gram, target)?, weight));
    }
    tape.weighted_sum(&terms)
}

fn variation(tape: &mut Tape<f64>, image: Var, axis: usize) -> Result<Var, TapeError> {
    let pairs = tape.shape(image)?[axis] - 1;
    let first = tape.narrow(image, axis, 0, pairs)?;
    let second = tape.narrow(image, axis, 1, pairs)?;
    squared_distance(tape, second, first)
}

fn both(x: ArrayView2<'_, f64>, d_out: ArrayView2<'_, f64>) -> Array2<f64> {
    x.dot(&(&d_out + &d_out.t()))
}

fn correction(t: i32) -> f64 {
    (1.0 - 0.999f64.powi(t)).sqrt() / (1.0 - 0.9f64.powi(t))
}

fn adam(memory: &mut Memory, step: f64, gradient: &[f64], x: &mut [f64]) {
    for (index, &g) in gradient.iter().enumerate() {
        memory.m[index] = 0.9 * memory.m[index] + 0.1 * g;
        memory.v[index] = 0.999 * memory.v[index] + 0.001 * g * g;
        x[index] -= step * memory.m[index] / (memory.v[index].sqrt() + 1e-8);
    }
}

fn clamp(x: &mut [f64], now: bool) {
    if now {
        x.iter_mut().for_each(|value| *value = value.clamp(-1.5, 1.5));
    }
}
