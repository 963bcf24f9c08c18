//! Which kernels the network needs at which shapes, and how much work each is. Nothing is measured here.

use impasto_kernels::{ConvShape, Filter, Padding, PoolRounding, PoolShape};
use impasto_squeezenet::architecture::{FEATURES, IMAGE_CHANNELS, Layer, feature_shape};

/// The layer whose features the content loss compares; the notebook's.
const CONTENT_LAYER: usize = 3;

/// One pass of one kernel at one shape.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Case {
    /// The kernel's name, such as `fire squeeze`.
    pub kernel: &'static str,
    /// Which of its passes.
    pub pass: Pass,
    /// Height and width of the network's image, in pixels.
    pub image: (usize, usize),
    pub(super) operation: Operation,
}

/// A direction through a kernel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pass {
    /// From input to output.
    Forward,
    /// From the output's gradient to the input's; a convolution's stops where ReLU closed.
    InputGradient,
    /// From the output's gradient to the weights'.
    WeightGradient,
    /// An optimizer's step.
    Step,
}

/// What is computed, with its sizes; one image, so N is 1 everywhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Operation {
    /// A bank of convolutions, then ReLU.
    Convolution {
        shape: ConvShape,
        filters: Vec<Filter>,
    },
    MaxPool(PoolShape),
    /// The others read (H, W, C).
    Gram([usize; 3]),
    Relu([usize; 3]),
    SquaredDifference([usize; 3]),
    TotalVariation([usize; 3]),
    Adam([usize; 3]),
}

impl Pass {
    /// The name that reports print.
    pub const fn name(self) -> &'static str {
        match self {
            Pass::Forward => "forward",
            Pass::InputGradient => "input gradient",
            Pass::WeightGradient => "weight gradient",
            Pass::Step => "step",
        }
    }
}

/// Every kernel at every shape that SqueezeNet's layers 0 to 12 have on an image of `height` x `width` pixels, each
/// shape once; layers that the image does not reach are left out.
///
/// Gram matrices are those of every layer's features; ReLU is that of layer 1, which follows its convolution in the same
/// pass unless somebody asks for layer 0; the squared difference is the content loss's.
///
/// ```
/// use impasto::bench::cases;
///
/// let cases = cases(192, 256);
/// let first = cases.iter().find(|case| case.shape() == "192x256x3 -> 95x127x64").expect("the first layer");
/// assert_eq!(first.flops() / (2 * 95 * 127 * 64), 3 * 3 * 3);
/// ```
pub fn cases(height: usize, width: usize) -> Vec<Case> {
    let mut cases = Cases { image: (height, width), cases: Vec::new() };
    let mut input = [height, width, IMAGE_CHANNELS];
    for (index, layer) in FEATURES.iter().enumerate() {
        let Some((height, width, channels)) = feature_shape(index, height, width, PoolRounding::Floor) else {
            break;
        };
        let output = [height, width, channels];
        match *layer {
            Layer::Convolution { out_channels, kernel, stride, .. } => {
                let filter = square(kernel, out_channels, Padding::Valid);
                cases.convolution("convolution", input, &[filter], stride);
            }
            Layer::Relu => {
                let passes = [Pass::Forward, Pass::InputGradient];
                cases.add("ReLU", &passes, Operation::Relu(input));
            }
            Layer::MaxPool { size, stride } => cases.max_pool(input, size, stride),
            Layer::Fire { squeeze, expand, .. } => {
                let [height, width, _] = input;
                cases.convolution("fire squeeze", input, &[square(1, squeeze, Padding::Valid)], 1);
                let bank = [square(1, expand, Padding::Valid), square(3, expand, Padding::Same)];
                cases.convolution("fire expand", [height, width, squeeze], &bank, 1);
            }
        }
        let passes = [Pass::Forward, Pass::InputGradient];
        cases.add("Gram matrix", &passes, Operation::Gram(output));
        if index == CONTENT_LAYER {
            cases.add("squared difference", &passes, Operation::SquaredDifference(output));
        }
        input = output;
    }
    if height > 0 && width > 0 {
        let image = [height, width, IMAGE_CHANNELS];
        let passes = [Pass::Forward, Pass::InputGradient];
        cases.add("total variation", &passes, Operation::TotalVariation(image));
        cases.add("Adam", &[Pass::Step], Operation::Adam(image));
    }
    cases.cases
}

struct Cases {
    image: (usize, usize),
    cases: Vec<Case>,
}

impl Cases {
    /// Adds the passes of an operation unless they are there already.
    fn add(&mut self, kernel: &'static str, passes: &[Pass], operation: Operation) {
        for &pass in passes {
            let case = Case { kernel, pass, image: self.image, operation: operation.clone() };
            if !self.cases.contains(&case) {
                self.cases.push(case);
            }
        }
    }

    fn convolution(
        &mut self,
        kernel: &'static str,
        [height, width, channels]: [usize; 3],
        filters: &[Filter],
        stride: usize,
    ) {
        if let Ok(shape) = ConvShape::new([1, height, width, channels], filters, [stride, stride]) {
            let passes = [Pass::Forward, Pass::InputGradient, Pass::WeightGradient];
            self.add(kernel, &passes, Operation::Convolution { shape, filters: filters.to_vec() });
        }
    }

    fn max_pool(&mut self, [height, width, channels]: [usize; 3], size: usize, stride: usize) {
        let image = [1, height, width, channels];
        if let Ok(shape) = PoolShape::new(image, [size, size], [stride, stride], PoolRounding::Floor) {
            self.add("max pool", &[Pass::Forward, Pass::InputGradient], Operation::MaxPool(shape));
        }
    }
}

fn square(side: usize, out_channels: usize, padding: Padding) -> Filter {
    Filter { kernel: [side, side], out_channels, padding }
}

impl Case {
    /// The shapes that go in and come out, such as `47x63x64 -> 47x63x16`; one shape where nothing else comes out.
    pub fn shape(&self) -> String {
        let text = |[height, width, channels]: [usize; 3]| format!("{height}x{width}x{channels}");
        match &self.operation {
            Operation::Convolution { shape, .. } => {
                format!("{} -> {}", text(without_batch(shape.input())), text(without_batch(shape.output())))
            }
            Operation::MaxPool(shape) => {
                format!("{} -> {}", text(without_batch(shape.input())), text(without_batch(shape.output())))
            }
            Operation::Gram(features) => format!("{} -> {1}x{1}", text(*features), features[2]),
            Operation::Relu(shape)
            | Operation::SquaredDifference(shape)
            | Operation::TotalVariation(shape)
            | Operation::Adam(shape) => text(*shape),
        }
    }

    /// Kernel, pass and shape in one line.
    pub fn name(&self) -> String {
        format!("{}, {}, {}", self.kernel, self.pass.name(), self.shape())
    }

    /// Whether arithmetic sets the pace, not memory: convolutions and Gram matrices use each value many times.
    pub fn is_compute_bound(&self) -> bool {
        matches!(self.operation, Operation::Convolution { .. } | Operation::Gram(_))
    }

    /// Floating-point operations: a multiplication, an addition, a comparison, a division and a square root count one
    /// each. Of a Gram matrix, which is symmetric, one half counts.
    pub fn flops(&self) -> u64 {
        let forward = self.pass == Pass::Forward;
        let positions = |[height, width, _]: [usize; 3]| (height * width) as u64;
        let values = |shape: [usize; 3]| shape.iter().product::<usize>() as u64;
        match &self.operation {
            Operation::Convolution { shape, .. } => shape.flops(),
            // A comparison, or a sum, for each place of each window.
            Operation::MaxPool(shape) => {
                values(without_batch(shape.output())) * (shape.kernel()[0] * shape.kernel()[1]) as u64
            }
            Operation::Gram(features) => {
                let channels = features[2] as u64;
                positions(*features)
                    * if forward { channels * (channels + 1) } else { 2 * channels * channels }
            }
            Operation::Relu(shape) => values(*shape),
            Operation::SquaredDifference(shape) => values(*shape) * if forward { 3 } else { 2 },
            // Two neighbors forward, four backward.
            Operation::TotalVariation(shape) => values(*shape) * if forward { 6 } else { 10 },
            Operation::Adam(shape) => values(*shape) * 11,
        }
    }

    /// Bytes that must be moved however it is done: every operand read once, every result written once.
    pub fn bytes(&self) -> u64 {
        let values = |shape: &[usize]| shape.iter().product::<usize>();
        let forward = self.pass == Pass::Forward;
        let floats = match &self.operation {
            Operation::Convolution { shape, .. } => {
                let weights: usize = (0..shape.filters().len()).map(|index| shape.weight_len(index)).sum();
                // Backward, the output is read beside its gradient, as ReLU's mask.
                let outputs = if forward { 1 } else { 2 };
                values(&shape.input()) + weights + outputs * values(&shape.output())
            }
            Operation::MaxPool(shape) => {
                // The place of each maximum is a byte.
                return (4 * values(&shape.input()) + 5 * values(&shape.output())) as u64;
            }
            Operation::Gram(features) => {
                let passes = if forward { 1 } else { 2 };
                passes * values(features) + features[2] * features[2]
            }
            Operation::Relu(shape) => values(shape) * if forward { 2 } else { 3 },
            Operation::SquaredDifference(shape) => values(shape) * if forward { 2 } else { 3 },
            Operation::TotalVariation(shape) => values(shape) * if forward { 1 } else { 2 },
            // The gradient is read; both moments and the values are read and written.
            Operation::Adam(shape) => values(shape) * 7,
        };
        4 * floats as u64
    }

    /// Rows of the operation's output, or of its input where that is all it has.
    pub fn rows(&self) -> usize {
        match &self.operation {
            Operation::Convolution { shape, .. } => shape.output()[1],
            Operation::MaxPool(shape) => shape.output()[1],
            Operation::Gram(shape)
            | Operation::Relu(shape)
            | Operation::SquaredDifference(shape)
            | Operation::TotalVariation(shape)
            | Operation::Adam(shape) => shape[0],
        }
    }

    /// The same operation on an image of this many [`rows`](Case::rows), clamped to between one and all of them.
    pub(super) fn with_rows(&self, rows: usize) -> Case {
        let rows = rows.clamp(1, self.rows());
        let mut case = self.clone();
        match &mut case.operation {
            Operation::Convolution { shape, filters } => {
                let [n, _, width, channels] = shape.input();
                // `Same` padding keeps the height at stride 1; without padding the last window must fit.
                let padded = filters.iter().any(|filter| filter.padding == Padding::Same);
                let window = if padded { 1 } else { shape.filters()[0].kernel()[0] };
                let height = (rows - 1) * shape.stride()[0] + window;
                if let Ok(lower) = ConvShape::new([n, height, width, channels], filters, shape.stride()) {
                    *shape = lower;
                }
            }
            Operation::MaxPool(shape) => {
                let [n, _, width, channels] = shape.input();
                let input = [n, (rows - 1) * shape.stride()[0] + shape.kernel()[0], width, channels];
                if let Ok(lower) = PoolShape::new(input, shape.kernel(), shape.stride(), PoolRounding::Floor)
                {
                    *shape = lower;
                }
            }
            Operation::Gram(shape)
            | Operation::Relu(shape)
            | Operation::SquaredDifference(shape)
            | Operation::TotalVariation(shape)
            | Operation::Adam(shape) => shape[0] = rows,
        }
        case
    }
}

fn without_batch([_, height, width, channels]: [usize; 4]) -> [usize; 3] {
    [height, width, channels]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(kernel: &str, pass: Pass, shape: &str) -> Case {
        let found = cases(192, 256)
            .into_iter()
            .find(|case| case.kernel == kernel && case.pass == pass && case.shape() == shape);
        found.unwrap_or_else(|| panic!("no {kernel} {shape}"))
    }

    #[test]
    fn every_layer_is_there_once() {
        let cases = cases(192, 256);
        let count = |kernel: &str, pass| {
            cases.iter().filter(|case| (case.kernel, case.pass) == (kernel, pass)).count()
        };
        assert_eq!(count("convolution", Pass::WeightGradient), 1);
        assert_eq!(count("fire squeeze", Pass::Forward), 8);
        // Two modules each share the sizes of their expansion.
        assert_eq!(count("fire expand", Pass::InputGradient), 4);
        assert_eq!(count("max pool", Pass::Forward), 3);
        assert_eq!(count("Gram matrix", Pass::InputGradient), 8);
        let mut names: Vec<String> = cases.iter().map(Case::name).collect();
        names.sort();
        names.dedup();
        assert_eq!(names.len(), cases.len());
        assert!(super::cases(0, 256).is_empty());
        assert!(
            super::cases(6, 6).iter().all(|case| case.kernel != "fire squeeze"),
            "layer 3 is out of reach"
        );
    }

    #[test]
    fn work_is_counted_as_on_paper() {
        let first = find("convolution", Pass::Forward, "192x256x3 -> 95x127x64");
        assert_eq!(first.flops(), 2 * 95 * 127 * 64 * 27);
        assert_eq!(first.bytes(), 4 * (192 * 256 * 3 + 27 * 64 + 95 * 127 * 64));
        let expand = find("fire expand", Pass::InputGradient, "47x63x16 -> 47x63x128");
        assert_eq!(expand.flops(), 2 * 47 * 63 * 16 * 64 * 10);
        let gram = find("Gram matrix", Pass::Forward, "95x127x64 -> 64x64");
        assert_eq!(gram.flops(), 95 * 127 * 64 * 65);
        let pool = find("max pool", Pass::Forward, "95x127x64 -> 47x63x64");
        assert_eq!(pool.bytes(), 4 * 95 * 127 * 64 + 5 * 47 * 63 * 64);
    }

    #[test]
    fn lower_cases_have_the_rows_asked_for() {
        for case in cases(192, 256) {
            for rows in [0, 1, 5, usize::MAX] {
                let lower = case.with_rows(rows);
                assert_eq!(lower.rows(), rows.clamp(1, case.rows()), "{}", case.name());
            }
        }
    }
}
