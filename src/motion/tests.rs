use super::*;

/// A picture with structure everywhere, read at a place that is moved.
fn scene(height: usize, width: usize, [down, right]: [f64; 2]) -> Array3<u8> {
    Array3::from_shape_fn((height, width, 3), |(y, x, c)| {
        let (y, x) = (y as f64 + down, x as f64 + right);
        let waves = (0.21 * y + 0.05 * x).sin()
            + (0.17 * x - 0.09 * y + c as f64).sin()
            + (0.4 * x).cos() * (0.33 * y).sin();
        (127.0 + 40.0 * waves) as u8
    })
}

fn mean_error(motion: &Motion, expected: [f32; 2], inside: usize) -> f32 {
    let (height, width) = motion.trust().dim();
    let places = (inside..height - inside).flat_map(|y| (inside..width - inside).map(move |x| [y, x]));
    let errors: Vec<f32> = places
        .map(|place| {
            (0..2).map(|axis| (motion.vectors[axis][place] - expected[axis]).abs()).fold(0.0, f32::max)
        })
        .collect();
    errors.iter().sum::<f32>() / errors.len() as f32
}

#[test]
fn a_pan_is_found_to_a_tenth_of_a_pixel() {
    for (down, right) in [(0.0, 0.0), (0.0, 1.5), (-2.25, 3.0), (6.0, -9.5)] {
        let before = scene(120, 160, [0.0, 0.0]);
        // What is at y now was at y + down.
        let now = scene(120, 160, [down, right]);
        let motion = Motion::between(&before, &now).unwrap();
        let error = mean_error(&motion, [down as f32, right as f32], 16);
        assert!(error < 0.1, "{down} {right}: {error}");
    }
}

/// A square of other structure, which moves over a scene that stands still.
fn with_square(left: usize) -> Array3<u8> {
    let mut picture = scene(100, 120, [0.0, 0.0]);
    let square = scene(40, 40, [300.0, 500.0]);
    for ((y, x, c), &value) in square.indexed_iter() {
        picture[[30 + y, left + x, c]] = 255 - value;
    }
    picture
}

#[test]
fn what_was_hidden_is_not_trusted() {
    let motion = Motion::between(&with_square(30), &with_square(36)).unwrap();
    // On the square, 6 pixels to the left of where it is now; beside it, nothing moves.
    for (place, right) in [([50, 56], -6.0), ([50, 15], 0.0), ([15, 60], 0.0), ([50, 100], 0.0)] {
        assert!(
            (motion.vectors()[1][place] - right).abs() < 0.1,
            "{place:?}: {}",
            motion.vectors()[1][place]
        );
        assert_eq!(motion.trust()[place], 255, "{place:?}");
    }
    // The six columns that it left behind.
    let uncovered = (35..65).flat_map(|y| (31..35).map(move |x| [y, x]));
    let trusted = uncovered.filter(|&place| motion.trust()[place] > 0).count();
    assert!(trusted <= 6, "{trusted} of 120");
    let all = motion.trust().iter().filter(|&&trust| trust > 0).count();
    assert!(all > 100 * 120 * 3 / 4, "{all}");
}

#[test]
fn what_comes_into_the_picture_is_not_trusted() {
    let motion = Motion::between(&scene(80, 100, [0.0, 0.0]), &scene(80, 100, [0.0, 8.0])).unwrap();
    assert!((0..80).all(|y| motion.trust()[[y, 97]] == 0));
    assert!((10..70).all(|y| motion.trust()[[y, 50]] == 255));
}

#[test]
fn results_are_carried_along() {
    let (before, now) = (scene(80, 100, [0.0, 0.0]), scene(80, 100, [0.0, 5.0]));
    let motion = Motion::between(&before, &now).unwrap();
    // Any result of the frame before goes where the photograph went.
    let result = |right: f64| scene(80, 100, [40.0, 7.0 + right]);
    let carried = motion.carry(&result(0.0), &now).unwrap();
    for place in [[40, 30, 0], [20, 60, 1], [60, 80, 2]] {
        assert!(carried[place].abs_diff(result(5.0)[place]) <= 4, "{place:?}");
    }
    // Where nothing is known, the new photograph is.
    assert_eq!(carried[[40, 98, 1]], now[[40, 98, 1]]);
    let [moved, resting, other] = [result(5.0), result(0.0), scene(80, 100, [11.0, 90.0])]
        .map(|now| motion.flicker(&result(0.0), &now).unwrap());
    assert!(moved < 1.0 && moved < resting && resting < other, "{moved} {resting} {other}");
}

#[test]
fn flat_and_tiny_pictures_stand_still() {
    for (height, width) in [(1, 1), (1, 30), (40, 40)] {
        let flat = Array3::from_elem((height, width, 3), 90);
        let motion = Motion::between(&flat, &flat).unwrap();
        assert!(motion.vectors().iter().flatten().all(|&way| way == 0.0));
        assert!(motion.trust().iter().all(|&trust| trust == 255));
        assert_eq!(motion.flicker(&flat, &flat), Ok(0.0));
    }
}

#[test]
fn what_is_no_frame_is_refused() {
    let picture = scene(20, 30, [0.0, 0.0]);
    let sizes = MotionError::Sizes { height: 20, width: 30, other_height: 30, other_width: 20 };
    assert_eq!(Motion::between(&picture, &scene(30, 20, [0.0, 0.0])).unwrap_err(), sizes);
    for shape in [(0, 30, 3), (20, 30, 1)] {
        let refused = Motion::between(&picture, &Array3::zeros(shape)).unwrap_err();
        assert_eq!(refused, MotionError::NotAPicture(vec![shape.0, shape.1, shape.2]));
    }
    let motion = Motion::between(&picture, &picture).unwrap();
    let turned = scene(30, 20, [0.0, 0.0]);
    assert_eq!(motion.carry(&turned, &turned).unwrap_err(), sizes);
    assert_eq!(motion.carry(&picture, &turned).unwrap_err(), sizes);
    assert_eq!(motion.flicker(&turned, &turned).unwrap_err(), sizes);
}
