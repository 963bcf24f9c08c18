//! Arithmetic that is written down while it is done, so that a line on paper and its result cannot disagree.

use std::iter::Sum;
use std::ops::{Add, Div, Mul, Neg, Sub};

/// A value and the arithmetic that led to it, in numbers.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Written {
    text: String,
    value: f64,
    binding: Binding,
}

/// What holds a text together, from loosest to tightest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Binding {
    Sum,
    Sign,
    Product,
    Power,
    Number,
}

/// A plain number.
pub(super) fn number(value: f64) -> Written {
    let binding = if value < 0.0 { Binding::Sign } else { Binding::Number };
    Written { text: value.to_string(), value, binding }
}

impl Written {
    pub(super) fn value(&self) -> f64 {
        // A product with 0 may be -0, which nobody writes.
        self.value + 0.0
    }

    pub(super) fn into_text(self) -> String {
        self.text
    }

    pub(super) fn squared(self) -> Written {
        let text = format!("{}^2", self.within(Binding::Number));
        Written { text, value: self.value * self.value, binding: Binding::Power }
    }

    /// The text for a place where only what binds at least so tightly needs no parentheses.
    fn within(&self, binding: Binding) -> String {
        if self.binding < binding { format!("({})", self.text) } else { self.text.clone() }
    }
}

impl Add for Written {
    type Output = Written;

    fn add(self, other: Written) -> Written {
        let text = format!("{} + {}", self.text, other.within(Binding::Product));
        Written { text, value: self.value + other.value, binding: Binding::Sum }
    }
}

impl Sub for Written {
    type Output = Written;

    fn sub(self, other: Written) -> Written {
        let text = format!("{} - {}", self.text, other.within(Binding::Product));
        Written { text, value: self.value - other.value, binding: Binding::Sum }
    }
}

impl Neg for Written {
    type Output = Written;

    fn neg(self) -> Written {
        let text = format!("-{}", self.within(Binding::Product));
        Written { text, value: -self.value, binding: Binding::Sign }
    }
}

impl Mul for Written {
    type Output = Written;

    fn mul(self, other: Written) -> Written {
        let text = format!("{}*{}", self.within(Binding::Product), other.within(Binding::Power));
        Written { text, value: self.value * other.value, binding: Binding::Product }
    }
}

impl Div for Written {
    type Output = Written;

    fn div(self, other: Written) -> Written {
        let text = format!("{}/{}", self.within(Binding::Product), other.within(Binding::Power));
        Written { text, value: self.value / other.value, binding: Binding::Product }
    }
}

impl Sum for Written {
    fn sum<I: Iterator<Item = Written>>(terms: I) -> Written {
        terms.reduce(Add::add).unwrap_or_else(|| number(0.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn assert_written(written: Written, text: &str, value: f64) {
        assert_eq!(written.value(), value);
        assert_eq!(written.into_text(), text);
    }

    #[test]
    fn signs_stand_alone_only_in_front() {
        assert_written(number(-1.0) - number(-1.5), "-1 - (-1.5)", 0.5);
        assert_written(number(-1.0) + number(-1.5), "-1 + (-1.5)", -2.5);
        assert_written(number(-1.0) * number(-2.0), "(-1)*(-2)", 2.0);
        assert_written(number(-3.0).squared(), "(-3)^2", 9.0);
        assert_written(-number(-3.0) - number(1.0), "-(-3) - 1", 2.0);
        assert_written(-number(2.0), "-2", -2.0);
    }

    #[test]
    fn sums_inside_products_have_parentheses() {
        let sum = || number(1.0) + number(2.0);
        assert_written(number(3.0) * sum(), "3*(1 + 2)", 9.0);
        assert_written(sum() * number(3.0), "(1 + 2)*3", 9.0);
        assert_written(sum() / number(4.0), "(1 + 2)/4", 0.75);
        assert_written(number(4.0) - sum(), "4 - (1 + 2)", 1.0);
        assert_written(sum().squared(), "(1 + 2)^2", 9.0);
        assert_written(-sum(), "-(1 + 2)", -3.0);
    }

    #[test]
    fn products_inside_sums_have_none() {
        let product = || number(2.0) * number(3.0);
        assert_written(product() - product(), "2*3 - 2*3", 0.0);
        assert_written([product(), number(2.0).squared()].into_iter().sum(), "2*3 + 2^2", 10.0);
        assert_written(product() * number(4.0), "2*3*4", 24.0);
        assert_written(number(6.0) / product(), "6/(2*3)", 1.0);
        assert_written(number(6.0) * number(2.0).squared(), "6*2^2", 24.0);
    }

    #[test]
    fn zero_has_no_sign() {
        assert_eq!((number(0.0) * number(-1.0)).value().to_string(), "0");
    }

    #[test]
    fn a_sum_of_nothing_is_zero() {
        assert_written([].into_iter().sum(), "0", 0.0);
    }
}
