//! How closely pixels lie on paper.

/// Pixels per inch, across and down.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Density {
    /// Pixels per inch from left to right.
    pub across: f64,
    /// Pixels per inch from top to bottom.
    pub down: f64,
}

/// What an inch is in other units.
const CENTIMETERS: f64 = 2.54;
const METERS: f64 = 0.0254;

impl Density {
    /// A density that a picture can have; none for numbers such as 0 that files hold where they mean nothing.
    pub fn per_inch(across: f64, down: f64) -> Option<Density> {
        let is_possible = |density: f64| (2.0..=100_000.0).contains(&density);
        (is_possible(across) && is_possible(down)).then_some(Density { across, down })
    }

    pub(super) fn per_centimeter(across: f64, down: f64) -> Option<Density> {
        Density::per_inch(across * CENTIMETERS, down * CENTIMETERS)
    }

    pub(super) fn per_meter(across: u32, down: u32) -> Option<Density> {
        // PNG has whole numbers: those of 300 per inch are 11811 per meter, which is 299.9994.
        let inches = |density: u32| {
            let exact = f64::from(density) * METERS;
            if (exact - exact.round()).abs() < 0.5 * METERS { exact.round() } else { exact }
        };
        Density::per_inch(inches(across), inches(down))
    }

    /// The same as whole pixels per meter.
    pub(super) fn to_meters(self) -> [u32; 2] {
        [self.across, self.down].map(|density| (density / METERS).round() as u32)
    }

    /// By the unit's number in EXIF and TIFF, 2 inches and 3 centimeters.
    pub(super) fn by_unit(unit: u64, across: f64, down: f64) -> Option<Density> {
        match unit {
            2 => Density::per_inch(across, down),
            3 => Density::per_centimeter(across, down),
            _ => None,
        }
    }

    /// Turned by a quarter.
    pub(super) fn turned(self) -> Density {
        Density { across: self.down, down: self.across }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_lead_to_inches() {
        let same = |density| Density::per_inch(density, density);
        assert_eq!(Density::per_meter(11811, 11811), same(300.0));
        assert_eq!(Density::per_meter(2835, 2835), same(72.0));
        assert_eq!(same(240.0).unwrap().to_meters(), [9449; 2]);
        assert_eq!(Density::per_meter(9449, 9449), same(240.0));
        assert_eq!(Density::by_unit(3, 100.0, 50.0), Density::per_inch(254.0, 127.0));
        for nothing in [Density::by_unit(1, 300.0, 300.0), Density::per_inch(0.0, 72.0), same(f64::NAN)] {
            assert_eq!(nothing, None);
        }
    }
}
