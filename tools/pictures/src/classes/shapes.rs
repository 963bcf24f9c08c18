//! Outlines: ellipses and convex polygons.

use super::canvas::{Point, Shape};

/// Room for the soft edge around a shape, in pixels.
const EDGE: f32 = 1.0;

/// An ellipse with its first radius along `axis`, a unit vector.
pub(crate) struct Ellipse {
    pub(crate) center: Point,
    pub(crate) radii: Point,
    pub(crate) axis: Point,
}

impl Shape for Ellipse {
    fn bounds(&self) -> [Point; 2] {
        let reach = self.radii[0].max(self.radii[1]) + EDGE;
        [self.center.map(|place| place - reach), self.center.map(|place| place + reach)]
    }

    fn distance(&self, place: Point) -> f32 {
        let [a, b] = self.radii;
        let (x, y) = (place[0] - self.center[0], place[1] - self.center[1]);
        let (along, across) = (x * self.axis[0] + y * self.axis[1], y * self.axis[0] - x * self.axis[1]);
        let (u, v) = (along / a, across / b);
        let (slope_u, slope_v) = (u / a, v / b);
        // The level of the quadratic form, divided by its slope.
        let level = (u * u + v * v).sqrt();
        let slope = (slope_u * slope_u + slope_v * slope_v).sqrt();
        if slope > 0.0 { level * (level - 1.0) / slope } else { -a.min(b) }
    }
}

/// A convex polygon.
pub(crate) struct Polygon {
    low: Point,
    high: Point,
    /// For each side, the unit vector outwards, and where the side lies along it.
    sides: Vec<(Point, f32)>,
}

impl Polygon {
    /// The polygon with these corners, in either order.
    pub(crate) fn new(corners: &[Point]) -> Polygon {
        let pairs = || corners.iter().zip(corners.iter().cycle().skip(1));
        let area: f32 = pairs().map(|(from, to)| from[0] * to[1] - to[0] * from[1]).sum();
        let outwards = 1.0_f32.copysign(area);
        let sides = pairs().map(|(from, to)| {
            let (x, y) = (to[0] - from[0], to[1] - from[1]);
            let length = outwards * (x * x + y * y).sqrt().max(1e-6);
            let normal = [y / length, -x / length];
            (normal, from[0] * normal[0] + from[1] * normal[1])
        });
        let fold = |axis: usize, start: f32, choose: fn(f32, f32) -> f32| {
            corners.iter().map(|corner| corner[axis]).fold(start, choose)
        };
        Polygon {
            low: [0, 1].map(|axis| fold(axis, f32::MAX, f32::min)),
            high: [0, 1].map(|axis| fold(axis, f32::MIN, f32::max)),
            sides: sides.collect(),
        }
    }

    /// An upright rectangle.
    pub(crate) fn rectangle(left: f32, top: f32, width: f32, height: f32) -> Polygon {
        let (right, bottom) = (left + width, top + height);
        Polygon::new(&[[left, top], [right, top], [right, bottom], [left, bottom]])
    }
}

impl Shape for Polygon {
    fn bounds(&self) -> [Point; 2] {
        [self.low.map(|place| place - EDGE), self.high.map(|place| place + EDGE)]
    }

    fn distance(&self, place: Point) -> f32 {
        let beyond = |(normal, side): &(Point, f32)| place[0] * normal[0] + place[1] * normal[1] - side;
        self.sides.iter().map(beyond).fold(f32::MIN, f32::max)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_to_an_ellipse_are_those_along_its_axes() {
        let ellipse = Ellipse { center: [3.0, 4.0], radii: [5.0, 2.0], axis: [0.0, 1.0] };
        assert!((ellipse.distance([3.0, 10.0]) - 1.2).abs() < 0.3);
        assert!(ellipse.distance([3.0, 9.0]).abs() < 1e-5);
        assert!(ellipse.distance([1.0, 4.0]).abs() < 1e-5);
        assert_eq!(ellipse.distance([3.0, 4.0]), -2.0);
    }

    #[test]
    fn the_order_of_corners_does_not_matter() {
        let corners = [[0.0, 0.0], [4.0, 0.0], [4.0, 2.0], [0.0, 2.0]];
        let mut turned = corners;
        turned.reverse();
        for polygon in [Polygon::new(&corners), Polygon::new(&turned), Polygon::rectangle(0.0, 0.0, 4.0, 2.0)]
        {
            assert_eq!(polygon.distance([2.0, 1.0]), -1.0);
            assert_eq!(polygon.distance([7.0, 1.0]), 3.0);
            assert_eq!(polygon.bounds(), [[-1.0, -1.0], [5.0, 3.0]]);
        }
    }
}
