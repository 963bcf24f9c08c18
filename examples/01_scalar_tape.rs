//! Reverse-mode automatic differentiation from nothing, over single numbers: a tape that remembers how
//! each value was computed, and a walk along it from the last value to the first. The computation is one
//! neuron, `loss = (tanh(w * x + b) - 1)^2`. No crate is used.
//! `cargo run --release --example 01_scalar_tape`

/// A value, and the earlier nodes it was computed from, each with the derivative by it.
struct Node {
    value: f64,
    inputs: Vec<(usize, f64)>,
}

/// The nodes in the order in which they were computed. A node is named by its place.
#[derive(Default)]
struct Tape(Vec<Node>);

impl Tape {
    fn push(&mut self, value: f64, inputs: Vec<(usize, f64)>) -> usize {
        self.0.push(Node { value, inputs });
        self.0.len() - 1
    }

    fn add(&mut self, a: usize, b: usize) -> usize {
        self.push(self.0[a].value + self.0[b].value, vec![(a, 1.0), (b, 1.0)])
    }

    fn mul(&mut self, a: usize, b: usize) -> usize {
        let (value_a, value_b) = (self.0[a].value, self.0[b].value);
        self.push(value_a * value_b, vec![(a, value_b), (b, value_a)])
    }

    fn tanh(&mut self, x: usize) -> usize {
        let out = self.0[x].value.tanh();
        self.push(out, vec![(x, 1.0 - out * out)])
    }

    /// The derivative of the last node by every node.
    fn backward(&self) -> Vec<f64> {
        let mut gradients = vec![0.0; self.0.len()];
        gradients[self.0.len() - 1] = 1.0;
        for (index, node) in self.0.iter().enumerate().rev() {
            for &(input, derivative) in &node.inputs {
                gradients[input] += derivative * gradients[index];
            }
        }
        gradients
    }
}

const NAMES: [&str; 9] = ["w", "x", "b", "-1", "w*x", "w*x+b", "tanh", "error", "loss"];

fn neuron(leaves: [f64; 3]) -> Tape {
    let mut tape = Tape::default();
    let [w, x, b] = leaves.map(|leaf| tape.push(leaf, vec![]));
    let minus_one = tape.push(-1.0, vec![]);
    let product = tape.mul(w, x);
    let sum = tape.add(product, b);
    let out = tape.tanh(sum);
    let error = tape.add(out, minus_one);
    tape.mul(error, error); // the loss uses the error twice
    tape
}

fn main() {
    let leaves = [0.5, 2.0, -0.5];
    let tape = neuron(leaves);
    println!("node   name       value   gradient");
    for (index, gradient) in tape.backward().iter().enumerate() {
        println!("{index}      {:6} {:9.6}  {gradient:9.6}", NAMES[index], tape.0[index].value);
    }
    println!("Central differences, (loss(leaf + h) - loss(leaf - h)) / 2h with h = 1e-5:");
    for leaf in 0..3 {
        let [above, below] = [1e-5, -1e-5].map(|offset| {
            let mut moved = leaves;
            moved[leaf] += offset;
            neuron(moved).0[8].value
        });
        println!("       {:16}  {:9.6}", NAMES[leaf], (above - below) / 2e-5);
    }
}
