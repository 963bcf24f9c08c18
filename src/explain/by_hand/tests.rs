//! Every number on paper beside a tape of elementary operations: the subtraction, the product, the square that the
//! formulas name, one node each, with its value and its gradient.

use super::compare::{Layout, Leaf, compare};
use super::{Function, Quantity, WorkedExample};
use impasto_autodiff::{Tape, Var};
use ndarray::{ArrayD, arr0};

/// An example and a tape with its inputs.
struct Paper {
    example: WorkedExample,
    tape: Tape<f64>,
}

impl Paper {
    fn new(function: Function) -> Paper {
        Paper { example: function.work_out().unwrap(), tape: Tape::new() }
    }

    fn quantity(&self, name: &str) -> &Quantity {
        let given = self.example.given.iter().map(|given| &given.quantity);
        let steps = self.example.forward.iter().chain(&self.example.backward).map(|step| &step.result);
        given.chain(steps).find(|quantity| quantity.name == name).unwrap_or_else(|| panic!("no {name}"))
    }

    fn input(&mut self, name: &str) -> Var {
        let array = array(self.quantity(name));
        self.tape.variable(&array)
    }

    /// Walks the tape from `result`, and compares all nodes with the quantities of these names and their gradients.
    fn assert_agrees(mut self, result: Var, nodes: &[(&str, Var)]) {
        self.tape.forward();
        self.tape.backward(result).unwrap();
        for &(name, var) in nodes {
            assert_eq!(self.tape.value(var).unwrap(), array(self.quantity(name)), "{name}");
            let gradient = format!("d_{name}");
            // The result's own is 1.
            if var != result {
                assert_eq!(self.tape.gradient(var).unwrap(), array(self.quantity(&gradient)), "{gradient}");
            }
        }
    }
}

fn array(quantity: &Quantity) -> ArrayD<f64> {
    let values: Vec<f64> = quantity.values.concat();
    match quantity.axes {
        None => arr0(values[0]).into_dyn(),
        Some(_) => {
            let shape = vec![quantity.values.len(), quantity.values[0].len()];
            ArrayD::from_shape_vec(shape, values).unwrap()
        }
    }
}

#[test]
fn content_loss_by_elementary_operations() {
    let mut paper = Paper::new(Function::ContentLoss);
    let (weight, f, p) = (paper.quantity("weight").values[0][0], paper.input("F"), paper.input("P"));
    let d = paper.tape.sub(f, p).unwrap();
    let squares = paper.tape.square(d).unwrap();
    let s = paper.tape.sum(squares).unwrap();
    let loss = paper.tape.scale(s, weight).unwrap();
    paper.assert_agrees(loss, &[("F", f), ("D", d), ("S", s), ("loss", loss)]);
}

/// The product, and the Gram matrix made of it.
fn gram(paper: &mut Paper, features: Var, count: &str) -> (Var, Var) {
    let count = paper.quantity(count).values[0][0];
    let transposed = paper.tape.transpose(features, &[1, 0]).unwrap();
    let product = paper.tape.matmul(transposed, features).unwrap();
    let matrix = paper.tape.scale(product, 1.0 / count).unwrap();
    (product, matrix)
}

#[test]
fn gram_matrix_by_elementary_operations() {
    let mut paper = Paper::new(Function::GramMatrix);
    let (f, u) = (paper.input("F"), paper.input("U"));
    let (q, g) = gram(&mut paper, f, "N");
    let weighted = paper.tape.mul(u, g).unwrap();
    let l = paper.tape.sum(weighted).unwrap();
    paper.assert_agrees(l, &[("F", f), ("Q", q), ("G", g), ("L", l)]);
}

#[test]
fn style_loss_by_elementary_operations() {
    let mut paper = Paper::new(Function::StyleLoss);
    let (mut nodes, mut terms) = (Vec::new(), Vec::new());
    for [weight, f, a, n, q, g, d, s] in
        [["w1", "F1", "A1", "N1", "Q1", "G1", "D1", "S1"], ["w2", "F2", "A2", "N2", "Q2", "G2", "D2", "S2"]]
    {
        let weight = paper.quantity(weight).values[0][0];
        let (features, target) = (paper.input(f), paper.input(a));
        let (product, matrix) = gram(&mut paper, features, n);
        let difference = paper.tape.sub(matrix, target).unwrap();
        let squares = paper.tape.square(difference).unwrap();
        let distance = paper.tape.sum(squares).unwrap();
        terms.push(paper.tape.scale(distance, weight).unwrap());
        nodes.extend([(f, features), (q, product), (g, matrix), (d, difference), (s, distance)]);
    }
    let loss = paper.tape.add(terms[0], terms[1]).unwrap();
    nodes.push(("loss", loss));
    paper.assert_agrees(loss, &nodes);
}

#[test]
fn tv_loss_by_elementary_operations() {
    let mut paper = Paper::new(Function::TvLoss);
    let (weight, x) = (paper.quantity("weight").values[0][0], paper.input("X"));
    let mut differences = |axis| {
        let tape = &mut paper.tape;
        let (next, this) = (tape.narrow(x, axis, 1, 2).unwrap(), tape.narrow(x, axis, 0, 2).unwrap());
        let differences = tape.sub(next, this).unwrap();
        let squares = tape.square(differences).unwrap();
        (differences, tape.sum(squares).unwrap())
    };
    let ((v, of_v), (u, of_u)) = (differences(0), differences(1));
    let s = paper.tape.add(of_v, of_u).unwrap();
    let loss = paper.tape.scale(s, weight).unwrap();
    assert_eq!((paper.quantity("SV").values[0][0], paper.quantity("SU").values[0][0]), (17.0, 23.0));
    paper.assert_agrees(loss, &[("X", x), ("V", v), ("U", u), ("S", s), ("loss", loss)]);
}

#[test]
fn the_librarys_tape_and_central_differences_agree() {
    for function in Function::ALL {
        let example = function.work_out().unwrap();
        assert_eq!(example.function, function.name());
        assert_eq!(example.forward.last().unwrap().result.values, [[example.on_tape]], "{function:?}");
        for element in &example.gradients {
            assert_eq!(element.by_hand, element.on_tape, "{function:?}: {element:?}");
            let error = (element.by_hand - element.central_difference).abs();
            assert!(error < 1e-6 && error <= example.largest_difference, "{function:?}: {element:?}");
        }
    }
}

/// Every value of an input that has a gradient, once.
#[test]
fn all_elements_have_per_row() {
    let rows = |function: Function| {
        let gradients = function.work_out().unwrap().gradients;
        let (first, last) = (gradients[0].element.clone(), gradients[gradients.len() - 1].element.clone());
        (gradients.len(), first, last)
    };
    let expected = |len, first: &str, last: &str| (len, first.to_owned(), last.to_owned());
    assert_eq!(rows(Function::ContentLoss), expected(8, "F[0, 0]", "F[3, 1]"));
    assert_eq!(rows(Function::GramMatrix), expected(8, "F[0, 0]", "F[3, 1]"));
    assert_eq!(rows(Function::StyleLoss), expected(12, "F1[0, 0]", "F2[1, 1]"));
    assert_eq!(rows(Function::TvLoss), expected(9, "X[0, 0]", "X[2, 2]"));
}

#[test]
fn all_numbers_are_short() {
    for function in Function::ALL {
        let WorkedExample { given, forward, backward, .. } = function.work_out().unwrap();
        let steps = forward.iter().chain(&backward).map(|step| &step.result);
        for quantity in given.iter().map(|given| &given.quantity).chain(steps) {
            for value in quantity.values.concat() {
                assert_eq!((value * 1e4).fract(), 0.0, "{value} of {}", quantity.name);
                assert!(value.abs() < 100.0, "{value} of {}", quantity.name);
            }
        }
    }
}

#[test]
fn channels_that_are_not_shown_add_nothing() {
    let paper = Paper::new(Function::TvLoss);
    let mut tape = Tape::new();
    let image = tape.variable(&Layout::Image.array(paper.quantity("X")));
    let loss = crate::loss::tv_loss(&mut tape, paper.quantity("weight").values[0][0], image).unwrap();
    tape.forward();
    tape.backward(loss).unwrap();
    let gradient = tape.gradient(image).unwrap();
    for (index, &value) in gradient.indexed_iter() {
        assert_eq!(value == 0.0, index[3] > 0, "{index:?}");
    }
}

/// A gradient by hand that is wrong, or not a number, shows in the largest difference.
#[test]
fn a_slip_shows() {
    let paper = Paper::new(Function::TvLoss);
    let values = paper.quantity("X");
    for (slip, expected) in [(0.0, 0.0), (0.5, 0.5), (f64::NAN, f64::NAN)] {
        let mut gradient = paper.quantity("d_X").clone();
        gradient.values[1][1] += slip;
        let mut tape = Tape::new();
        let var = tape.variable(&Layout::Image.array(values));
        let loss = crate::loss::tv_loss(&mut tape, paper.quantity("weight").values[0][0], var).unwrap();
        let leaf = Leaf { var, values, layout: Layout::Image, gradient: &gradient };
        let largest = compare(&mut tape, loss, &paper.example.forward, &[leaf]).unwrap().largest_difference;
        assert!((largest - expected).abs() < 1e-9 || largest.is_nan() && expected.is_nan(), "{largest}");
    }
}
