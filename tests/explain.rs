//! What a session tells of its tape, on small pictures and a network with random weights: that every number is the
//! run's own.

mod common;

use common::random_network;
use common::waves;
use impasto::architecture::{self, FEATURES};
use impasto::explain::{Explanation, NodeReport, Role};
use impasto::{StyleTransfer, TransferError};
use ndarray::Array4;

/// A session that keeps everything, a few iterations after its start.
fn session() -> StyleTransfer {
    let network = random_network();
    let (content, style) = (waves(40, 52, 2), waves(48, 37, 3));
    let builder = StyleTransfer::builder(&network).content(&content).style(&style, 1.0).jitter(0);
    let mut session = builder.threads(2).iterations(3).inspectable().build().unwrap();
    session.run().unwrap();
    session
}

fn node<'a>(explanation: &'a Explanation, name: &str) -> &'a NodeReport {
    explanation.nodes.iter().find(|node| node.name == name).unwrap_or_else(|| panic!("no {name}"))
}

fn norm(array: &Array4<f32>) -> f64 {
    array.iter().map(|&value| f64::from(value).powi(2)).sum::<f64>().sqrt()
}

#[test]
fn losses_and_gradients_are_the_sessions_own() {
    let mut session = session();
    let explanation = session.explain().unwrap();
    let (losses, gradient) = session.evaluate().unwrap();
    assert_eq!(explanation.losses, losses);
    let [content, style, tv, total] = &explanation.pixel_gradients[..] else { panic!() };
    assert_eq!(
        [content, style, tv, total].map(|gradient| gradient.loss),
        ["content_loss", "style_loss", "tv_loss", "total_loss"]
    );
    assert_eq!(
        [content, style, tv, total].map(|gradient| gradient.value),
        [losses.content, losses.style, losses.tv, losses.total]
    );
    assert_eq!(total.gradient.view(), gradient);
    assert_eq!(
        (total.norm, node(&explanation, "pixels").gradient_norm),
        (norm(&total.gradient), Some(total.norm))
    );
    // Gradients add up as the losses do.
    let sum = &content.gradient + &style.gradient + &tv.gradient;
    assert!(norm(&(&sum - &total.gradient)) < 1e-5 * total.norm);
    assert!(content.norm > 0.0 && style.norm > 0.0 && tv.norm > 0.0);
    let largest = total.gradient.iter().fold(0.0f32, |largest, value| largest.max(value.abs()));
    assert_eq!(total.largest, f64::from(largest));
}

#[test]
fn gradients_add_where_paths_meet() {
    let mut session = session();
    let explanation = session.explain().unwrap();
    let from = |node: &NodeReport| -> Vec<&str> {
        node.summands.iter().map(|summand| &explanation.nodes[summand.from].label[..]).collect()
    };
    // The first layer is read by its Gram matrix and by the next layer, backward the later one comes first.
    let first = node(&explanation, "features.0+1");
    assert_eq!(from(first), ["max pool 2", "Gram 1"]);
    let lengths: Vec<f64> = first.summands.iter().map(|summand| summand.norm).collect();
    let sum = first.gradient_norm.unwrap();
    assert!(lengths.iter().all(|&length| length > 0.0));
    assert!((lengths[0] - lengths[1]).abs() <= sum && sum <= lengths[0] + lengths[1], "{lengths:?} {sum}");
    // Where one comes alone it is all there is.
    let pool = node(&explanation, "features.2");
    assert_eq!(
        pool.summands.iter().map(|summand| Some(summand.norm)).collect::<Vec<_>>(),
        [pool.gradient_norm]
    );
    assert_eq!(node(&explanation, "total_loss").summands, []);

    let pictures = session.node_pictures(first).unwrap();
    assert_eq!(
        pictures.summands.iter().map(|summand| summand.0).collect::<Vec<_>>(),
        first.summands.iter().map(|summand| summand.from).collect::<Vec<_>>()
    );
    let size = pictures.gradient.unwrap().dim();
    assert!(pictures.summands.iter().all(|(_, sheet)| sheet.dim() == size));
    assert!(session.node_pictures(pool).unwrap().summands.is_empty());
}

#[test]
fn every_node_has_its_numbers() {
    let mut session = session();
    let explanation = session.explain().unwrap();
    assert_eq!((explanation.height, explanation.width, explanation.threads), (40, 52, 2));
    for (index, node) in explanation.nodes.iter().enumerate() {
        assert_eq!(node.index, index);
        assert!(node.inputs.iter().all(|&input| input < index), "{node:?}");
        let is_leaf = node.inputs.is_empty();
        assert_eq!(is_leaf, node.forward_ms.is_none(), "{node:?}");
        assert_eq!(is_leaf, node.forward.is_empty() && node.backward.is_empty(), "{node:?}");
        let constant = matches!(node.role, Role::Parameter | Role::Target);
        assert_eq!(constant, node.gradient_norm.is_none(), "{node:?}");
        assert_eq!(node.backward_ms.is_some(), !is_leaf, "{node:?}");
        assert_eq!(node.value_bytes, 4 * node.shape.iter().product::<usize>(), "{node:?}");
        assert!(node.value_norm.is_finite() && node.value_norm > 0.0, "{node:?}");
    }
    // Single numbers keep their signs.
    for node in &explanation.nodes {
        let is_number = node.shape.is_empty();
        assert_eq!(node.value.map(f64::abs), is_number.then_some(node.value_norm), "{node:?}");
        assert_eq!(node.gradient.map(f64::abs), node.gradient_norm.filter(|_| is_number), "{node:?}");
    }
    let total = node(&explanation, "total_loss");
    assert_eq!((total.index, total.gradient_norm), (explanation.nodes.len() - 1, Some(1.0)));
    assert_eq!(total.value_norm, explanation.losses.total);
}

#[test]
fn totals_are_those_of_the_session_and_the_architecture() {
    let mut session = session();
    let totals = session.explain().unwrap().totals;
    assert_eq!(totals.flops + totals.backward_flops, session.flops());
    // The deepest layer of the default losses is 7.
    let parameters = (0..=7).flat_map(architecture::convolutions);
    let parameters = parameters.map(|c| (c.in_channels * c.kernel * c.kernel + 1) * c.out_channels);
    assert_eq!(totals.parameters, parameters.sum::<usize>());
    assert!(totals.forward_ms > 0.0 && totals.backward_ms > 0.0 && totals.value_bytes > 0);
}

#[test]
fn nodes_know_their_layers() {
    let explanation = session().explain().unwrap();
    let place = |name: &str| {
        let node = node(&explanation, name);
        (node.layer, node.module.as_deref())
    };
    assert_eq!(place("features.0+1"), (Some(1), None));
    assert_eq!(place("features.2"), (Some(2), None));
    assert_eq!(place("features.3.squeeze"), (Some(3), Some("features.3")));
    assert_eq!(place("features.7.expand"), (Some(7), Some("features.7")));
    assert_eq!(place("features.7.expand3x3.weight"), (Some(7), Some("features.7")));
    assert_eq!(place("content_target.3"), (Some(3), None));
    assert_eq!(place("content_loss"), (Some(3), None));
    assert_eq!(place("tv_loss"), (None, None));
    let grams: Vec<_> =
        explanation.nodes.iter().filter(|node| node.name == "gram_matrix").map(|node| node.layer).collect();
    assert_eq!(grams, [1, 4, 6, 7].map(Some));
    // Both parts of every fire module, and nothing of other layers.
    let modules = explanation.nodes.iter().filter(|node| node.role == Role::Layer);
    let modules: Vec<_> = modules.filter_map(|node| node.module.clone()).collect();
    let fires = (0..=7).filter(|&layer| matches!(FEATURES[layer], architecture::Layer::Fire { .. }));
    assert_eq!(modules, fires.flat_map(|layer| vec![format!("features.{layer}"); 2]).collect::<Vec<_>>());
}

#[test]
fn maps_can_be_looked_at() {
    let mut session = session();
    let explanation = session.explain().unwrap();
    for node in &explanation.nodes {
        let pictures = session.node_pictures(node).unwrap();
        let has_form = node.role != Role::Parameter && [2, 4].contains(&node.shape.len());
        assert_eq!(pictures.value.is_some(), has_form, "{node:?}");
        assert_eq!(pictures.gradient.is_some(), has_form && node.gradient_norm.is_some(), "{node:?}");
        for picture in [pictures.value, pictures.gradient].into_iter().flatten() {
            let first = picture[[0, 0, 0]];
            assert!(picture.iter().any(|&level| level != first), "{} is blank", node.name);
        }
    }
}

#[test]
fn a_session_that_recycles_refuses() {
    let network = random_network();
    let content = waves(40, 52, 2);
    let mut session = StyleTransfer::builder(&network).content(&content).build().unwrap();
    let refused = session.explain();
    assert!(matches!(refused, Err(TransferError::NotInspectable)), "{refused:?}");
    assert!(refused.unwrap_err().to_string().contains("inspectable"));
}

/// A picture that is shifted lies on a canvas of its own, and each loss's gradient tells the grid of the strides.
#[test]
fn shifts_and_their_reason_are_shown() {
    let network = random_network();
    let (content, style) = (waves(40, 52, 2), waves(48, 37, 3));
    let builder = StyleTransfer::builder(&network).content(&content).style(&style, 1.0);
    let mut session = builder.iterations(3).inspectable().build().unwrap();
    session.run().unwrap();
    let explanation = session.explain().unwrap();
    let shifted = node(&explanation, "shifted_pixels");
    assert_eq!(shifted.operation, "reflect_pad");
    assert!(shifted.shape[1] >= 43 && shifted.shape[2] >= 55, "{:?}", shifted.shape);
    // Not shifted, however the run left it.
    assert_eq!(node(&explanation, "shift").value_norm, 0.0);
    for gradient in &explanation.pixel_gradients {
        let squares: f64 = gradient.grid.as_flattened().iter().map(|share| share * share).sum();
        assert!((squares - 16.0).abs() < 0.5, "{}: {:?}", gradient.loss, gradient.grid);
    }
    // Nine ways lead from the first pool to a pixel at the first place of its grid, one to a pixel at the last.
    let [content, style, ..] = &explanation.pixel_gradients[..] else { panic!() };
    for gradient in [content, style] {
        assert!(gradient.grid[0][0] > 1.5 * gradient.grid[3][3], "{}: {:?}", gradient.loss, gradient.grid);
    }
}
