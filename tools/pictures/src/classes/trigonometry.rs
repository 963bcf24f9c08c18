//! Sine and direction from exactly rounded operations, because the platforms' own differ in the last bits.

use std::f32::consts::TAU;

/// The unit vector at an angle, in radians: x, y.
pub(crate) fn direction(angle: f32) -> [f32; 2] {
    let turns = angle / TAU;
    [sine(turns + 0.25), sine(turns)]
}

/// The sine of an angle in turns, to about 4e-6.
pub(crate) fn sine(turns: f32) -> f32 {
    let turns = turns - turns.round();
    // The nearest angle in the right half of the circle has the same sine.
    let folded = if turns.abs() > 0.25 { 0.5_f32.copysign(turns) - turns } else { turns };
    let x = folded * TAU;
    let square = x * x;
    // Taylor's series, to the ninth power.
    x * (1.0 - square / 6.0 * (1.0 - square / 20.0 * (1.0 - square / 42.0 * (1.0 - square / 72.0))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agrees_with_the_standard_library() {
        for step in -400..400 {
            let angle = step as f32 * 0.037;
            let [x, y] = direction(angle);
            assert!((x - angle.cos()).abs() < 2e-5, "cos {angle}: {x}");
            assert!((y - angle.sin()).abs() < 2e-5, "sin {angle}: {y}");
        }
    }
}
