//! A tape that is replayed in strips gives what it gives as a whole.

use impasto_autodiff::{
    Activation, ConvOptions, ConvWeights, Element, Padding, PoolRounding, Strips, Tape, TapeError, Total, Var,
};
use ndarray::{Array, Array1, Array4, ArrayD, Axis, Dimension, Slice};
use std::sync::{Arc, Barrier, Mutex};

/// Different values between -0.5 and 0.5.
fn values<T: Element, D: Dimension>(shape: impl ndarray::ShapeBuilder<Dim = D>, seed: u64) -> Array<T, D> {
    let mut state = seed;
    Array::from_shape_simple_fn(shape, || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        T::from_f64((state >> 40) as f64 / f64::from(1u32 << 24) - 0.5)
    })
}

/// A small network with everything that a style transfer has.
#[derive(Clone, Copy, Debug)]
struct Case {
    height: usize,
    width: usize,
    rounding: PoolRounding,
    /// Rows and columns that the picture is shifted on its canvas; none where there is no canvas.
    shift: Option<[usize; 2]>,
    depth: usize,
}

/// What was recorded.
struct Recorded {
    image: Var,
    offset: Option<Var>,
    losses: Vec<Var>,
    total: Var,
}

fn convolution<T: Element>(
    tape: &mut Tape<T>,
    image: Var,
    filters: &[(usize, usize, Padding)],
    stride: usize,
) -> Result<Var, TapeError> {
    let channels = tape.shape(image)?[3];
    let filters: Vec<ConvWeights> = filters
        .iter()
        .map(|&(side, out_channels, padding)| {
            let seed = (side * 100 + out_channels + channels) as u64;
            let weight = values::<T, _>((side, side, channels, out_channels), seed);
            let (weight, bias) =
                (tape.constant(&weight), tape.constant(&values::<T, _>(out_channels, seed + 1)));
            ConvWeights { weight, bias, padding }
        })
        .collect();
    tape.conv2d_bank(image, &filters, ConvOptions { stride: [stride, stride], activation: Activation::Relu })
}

/// Features after the first layers, and after all.
fn features<T: Element>(tape: &mut Tape<T>, image: Var, case: Case) -> Result<Vec<Var>, TapeError> {
    let mut all = vec![convolution(tape, image, &[(3, 16, Padding::Valid)], 2)?];
    let mut current = all[0];
    for _ in 0..case.depth {
        current = tape.max_pool(current, [3, 3], [2, 2], case.rounding)?;
        current = convolution(tape, current, &[(1, 16, Padding::Valid)], 1)?;
        current = convolution(tape, current, &[(1, 16, Padding::Valid), (3, 16, Padding::Same)], 1)?;
        all.push(current);
    }
    Ok(all)
}

fn record<T: Element>(tape: &mut Tape<T>, case: Case) -> Result<Recorded, TapeError> {
    let shape = (1, case.height, case.width, 3);
    let image = tape.variable(&values::<T, _>(shape, 1));
    let content = tape.constant(&values::<T, _>(shape, 2));
    let offset = case.shift.map(|shift| {
        let shift = Array1::from_iter(shift.map(|pixels| T::from_f64(pixels as f64)));
        tape.constant(&shift)
    });
    let lay = |tape: &mut Tape<T>, image| match offset {
        Some(offset) => tape.reflect_pad(image, offset, [case.height + 5, case.width + 6]),
        None => Ok(image),
    };
    let shares = tape.constant(&values::<T, _>((1, case.height, case.width, 1), 3));
    let blend = tape.blend(image, content, shares)?;
    let gated = tape.mask_gradient(blend, shares)?;
    let (input, content) = (lay(tape, gated)?, lay(tape, content)?);
    let of_content = features(tape, content, case)?;
    let of_image = features(tape, input, case)?;
    let mut losses = Vec::new();
    for (index, &features) in of_image.iter().enumerate() {
        let neurons = tape.shape(features)?.iter().product::<usize>();
        let channels = tape.shape(features)?[3];
        let gram = tape.gram(features, T::from_f64(1.0 / neurons as f64))?;
        let target = tape.constant(&values::<T, _>((channels, channels), 7 + index as u64));
        losses.push(tape.squared_difference(gram, target)?);
        let means = tape.channel_means(features)?;
        let diagonal = tape.diagonal(gram)?;
        losses.push(tape.squared_difference(means, diagonal)?);
        // The same of some places only.
        let mut places = tape.shape(features)?.to_vec();
        places[3] = 1;
        let factors = tape.constant(&values::<T, _>(places, 5 + index as u64));
        let masked = tape.mask(features, factors)?;
        let gram = tape.gram(masked, T::from_f64(3.0 / neurons as f64))?;
        losses.push(tape.squared_difference(gram, target)?);
    }
    let middle = case.depth / 2;
    losses.push(tape.squared_difference(of_image[middle], of_content[middle])?);
    losses.push(tape.total_variation(blend)?);
    let weighted: Vec<(Var, T)> = losses.iter().map(|&loss| (loss, T::from_f64(0.01))).collect();
    let total = tape.weighted_sum(&weighted)?;
    losses.push(total);
    Ok(Recorded { image, offset, losses, total })
}

fn gradient<T: Element>(strips: &mut Strips<T>, shape: &[usize]) -> ArrayD<T> {
    let mut gradient = Vec::new();
    let mut next = 0;
    strips
        .backward(|rows, _, part| {
            assert_eq!(rows.start, next);
            next = rows.end;
            gradient.extend_from_slice(part);
        })
        .unwrap();
    ArrayD::from_shape_vec(shape, gradient).expect("every row once")
}

#[track_caller]
fn assert_close<T: Element>(actual: &ArrayD<T>, expected: &ArrayD<T>, tolerance: f64, what: &str) {
    let norm = |array: ArrayD<T>| array.iter().map(|value| value.as_f64().powi(2)).sum::<f64>().sqrt();
    let distance = norm(actual - expected) / norm(expected.clone());
    assert!(distance < tolerance, "{what}: off by {distance:e}");
}

fn check<T: Element>(case: Case, rows: &[usize], tolerance: f64) {
    let mut tape = Tape::<T>::new();
    let recorded = record(&mut tape, case).unwrap();
    tape.forward();
    tape.backward(recorded.total).unwrap();
    let expected = tape.gradient(recorded.image).unwrap().to_owned();
    let numbers: Vec<T> = recorded.losses.iter().map(|&loss| tape.number(loss).unwrap()).collect();
    for &rows in rows {
        let what = format!("{case:?} in strips of {rows}");
        let mut tape = Tape::<T>::new();
        let recorded = record(&mut tape, case).unwrap();
        let mut strips = tape.into_strips(recorded.total, rows).unwrap();
        let check_numbers = |strips: &Strips<T>| {
            for (&loss, &expected) in recorded.losses.iter().zip(&numbers) {
                let (number, expected) = (strips.number(loss).unwrap().as_f64(), expected.as_f64());
                assert!(
                    (number - expected).abs() < tolerance * expected.abs(),
                    "{what}: {number} {expected}"
                );
            }
        };
        // Backward alone, and after a forward walk whose sums it can use.
        let shape = [1, case.height, case.width, 3];
        assert_close(&gradient(&mut strips, &shape), &expected, tolerance, &what);
        check_numbers(&strips);
        strips.forward();
        check_numbers(&strips);
        assert_close(&gradient(&mut strips, &shape), &expected, tolerance, &what);
        check_numbers(&strips);
    }
}

#[test]
fn losses_and_gradients_of_odd_sizes() {
    let mut index = 0;
    for (height, width) in [
        (37, 31),
        (64, 48),
        (33, 70),
        (101, 40),
        (58, 33),
        (95, 36),
        (41, 41),
        (128, 32),
        (77, 51),
        (150, 35),
    ] {
        for rounding in [PoolRounding::Floor, PoolRounding::Ceil] {
            let shift = [None, Some([0, 0]), Some([3, 2]), Some([5, 6])][index % 4];
            let case = Case { height, width, rounding, shift, depth: 1 + index % 3 };
            check::<f32>(case, &[1, 7, 16, 1000], 3e-6);
            index += 1;
        }
    }
}

#[test]
fn losses_and_gradients_in_f64() {
    for (rounding, shift) in [(PoolRounding::Floor, Some([1, 4])), (PoolRounding::Ceil, None)] {
        check::<f64>(Case { height: 27, width: 20, rounding, shift, depth: 2 }, &[1, 5, 12], 1e-12);
    }
}

#[test]
fn steps_are_of_the_image_as_it_was() {
    let case = Case { height: 60, width: 33, rounding: PoolRounding::Floor, shift: Some([2, 1]), depth: 2 };
    let step = |value: &mut f32, gradient: &f32| *value -= 1e-3 * gradient;
    let mut tape = Tape::<f32>::new();
    let recorded = record(&mut tape, case).unwrap();
    let mut whole = Vec::new();
    for iteration in 0..4 {
        let offset = Array1::from_vec(vec![iteration as f32, 0.0]);
        tape.set_value(recorded.offset.unwrap(), &offset).unwrap();
        tape.forward();
        tape.backward(recorded.total).unwrap();
        whole.push(tape.number(recorded.total).unwrap());
        tape.update_leaf(recorded.image, |mut values, gradient| {
            values
                .iter_mut()
                .zip(gradient.unwrap().iter())
                .for_each(|(value, gradient)| step(value, gradient));
        })
        .unwrap();
    }
    let whole_image = tape.value(recorded.image).unwrap().to_owned();

    let mut tape = Tape::<f32>::new();
    let recorded = record(&mut tape, case).unwrap();
    let mut strips = tape.into_strips(recorded.total, 9).unwrap();
    for (iteration, &loss) in whole.iter().enumerate() {
        let offset = Array1::from_vec(vec![iteration as f32, 0.0]);
        strips.set_value(recorded.offset.unwrap(), &offset).unwrap();
        strips
            .backward(|_, values, gradient| {
                values.iter_mut().zip(gradient).for_each(|(value, gradient)| step(value, gradient));
            })
            .unwrap();
        let number = strips.number(recorded.total).unwrap();
        assert!((number - loss).abs() < 1e-5 * loss, "{number} {loss}");
    }
    assert_close(&strips.value(recorded.image).unwrap().to_owned(), &whole_image, 1e-6, "the image");
}

#[test]
fn the_bits_do_not_depend_on_the_threads() {
    let case = Case { height: 90, width: 65, rounding: PoolRounding::Floor, shift: None, depth: 2 };
    let with = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            let mut tape = Tape::<f32>::new();
            let recorded = record(&mut tape, case).unwrap();
            let mut strips = tape.into_strips(recorded.total, 32).unwrap();
            gradient(&mut strips, &[1, case.height, case.width, 3])
        })
    };
    assert_eq!(with(1), with(3));
}

/// Bands that are walked over in threads of one process.
struct Together {
    member: usize,
    parts: Arc<Mutex<Vec<Vec<f32>>>>,
    barrier: Arc<Barrier>,
}

impl Total<f32> for Together {
    fn add_up(&mut self, parts: &[f32], total: &mut [f32]) {
        let len = total.len();
        self.parts.lock().unwrap()[self.member] = parts.to_vec();
        self.barrier.wait();
        for part in self.parts.lock().unwrap().iter().flat_map(|parts| parts.chunks_exact(len)) {
            total.iter_mut().zip(part).for_each(|(total, part)| *total += part);
        }
        self.barrier.wait();
    }
}

#[test]
fn bands_give_the_bits_of_all_strips() {
    for (index, &(height, width, shift)) in
        [(150, 33, None), (211, 41, Some([3, 2])), (64, 40, Some([0, 5])), (97, 36, Some([5, 0]))]
            .iter()
            .enumerate()
    {
        let rounding = [PoolRounding::Floor, PoolRounding::Ceil][index % 2];
        let case = Case { height, width, rounding, shift, depth: 1 + index % 3 };
        let record = || {
            let mut tape = Tape::<f32>::new();
            let recorded = record(&mut tape, case).unwrap();
            let strips = tape.into_strips(recorded.total, 8).unwrap();
            (recorded, strips)
        };
        let (recorded, mut strips) = record();
        let steps = strips.steps();
        let expected = gradient(&mut strips, &[1, height, width, 3]);
        let losses: Vec<f32> = recorded.losses.iter().map(|&loss| strips.number(loss).unwrap()).collect();
        // Even, and with one that has nothing to do.
        for cuts in
            [vec![0, steps], vec![0, steps / 2, steps], vec![0, 1, 1, 5, steps], (0..=steps).collect()]
        {
            let members = cuts.len() - 1;
            let parts = Arc::new(Mutex::new(vec![Vec::new(); members]));
            let barrier = Arc::new(Barrier::new(members));
            std::thread::scope(|scope| {
                for member in 0..members {
                    let total = Together { member, parts: Arc::clone(&parts), barrier: Arc::clone(&barrier) };
                    let (expected, losses, cuts, record) = (&expected, &losses, &cuts, &record);
                    scope.spawn(move || {
                        let (recorded, mut strips) = record();
                        let band = cuts[member]..cuts[member + 1];
                        let (own, read) = (strips.rows_of(band.clone()), strips.rows_read(band.clone()));
                        strips.restrict(band.clone(), Box::new(total));
                        let image = strips.value(recorded.image).unwrap().to_owned();
                        let image = image.slice_axis(Axis(1), Slice::from(read.clone()));
                        strips.store_rows(read.clone(), image.iter().copied().collect());
                        for forward in [false, true] {
                            if forward {
                                strips.forward();
                            }
                            let mut next = own.start;
                            let backward = strips.backward(|rows, values, gradient| {
                                assert_eq!(rows.start, next);
                                next = rows.end;
                                assert_eq!(values.len(), gradient.len());
                                let rows = expected.slice_axis(Axis(1), Slice::from(rows));
                                assert!(rows.iter().eq(gradient), "{case:?}, {band:?} of {cuts:?}");
                            });
                            backward.unwrap();
                            assert_eq!(next, own.end);
                            let numbers: Vec<f32> =
                                recorded.losses.iter().map(|&loss| strips.number(loss).unwrap()).collect();
                            assert_eq!(&numbers, losses, "{case:?}, {band:?} of {cuts:?}");
                        }
                        let stored = strips.value(recorded.image).unwrap().dim()[1];
                        assert_eq!(stored, read.len());
                    });
                }
            });
        }
    }
}

#[test]
fn memory_does_not_grow_with_the_height() {
    let bytes = |height| {
        let case = Case { height, width: 40, rounding: PoolRounding::Floor, shift: None, depth: 2 };
        let mut tape = Tape::<f32>::new();
        let recorded = record(&mut tape, case).unwrap();
        tape.into_strips(recorded.total, 16).unwrap().window_bytes()
    };
    assert!(bytes(4000) <= bytes(800), "{} {}", bytes(4000), bytes(800));
    assert!(bytes(400) < 2 * bytes(100), "{} {}", bytes(400), bytes(100));
}

#[test]
fn what_needs_whole_images_is_refused() {
    let image = Array4::<f32>::zeros((1, 8, 8, 3));
    let mut tape = Tape::new();
    let x = tape.variable(&image);
    let pooled = tape.max_pool(x, [2, 2], [2, 2], PoolRounding::Floor).unwrap();
    let scaled = tape.scale(pooled, 2.0).unwrap();
    let sum = tape.sum(scaled).unwrap();
    let refused = tape.into_strips(sum, 4).err();
    assert_eq!(refused, Some(TapeError::NotByRows { operation: "scale", reason: "needs the whole image" }));

    let mut tape = Tape::new();
    let (x, y) = (tape.variable(&image), tape.variable(&image));
    let distance = tape.squared_difference(x, y).unwrap();
    assert!(matches!(tape.into_strips(distance, 4).err(), Some(TapeError::NotByRows { .. })));

    let mut tape = Tape::new();
    let x = tape.constant(&image);
    let roughness = tape.total_variation(x).unwrap();
    let mut strips = tape.into_strips(roughness, 4).unwrap();
    strips.forward();
    assert_eq!(strips.number(roughness), Ok(0.0));
    assert_eq!(strips.backward(|_, _, _| ()), Err(TapeError::NoGradient));

    let mut tape = Tape::new();
    let x = tape.variable(&image);
    assert!(matches!(tape.into_strips(x, 4).err(), Some(TapeError::NotAScalar(_))));
}
