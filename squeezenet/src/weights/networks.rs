//! Which arrays of a file are the network's, where names alone leave a choice: a file may hold a network more than once,
//! and parts of others.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use super::names::{Catalogue, FilterOrder, Parameter, Part};
use crate::architecture::{self, ConvolutionShape, FEATURES};

/// Words in front of names that mark what stands beside a network and has the same names: its running averages, and what
/// an optimizer keeps of each parameter.
const COMPANIONS: [&str; 11] =
    ["ema", "swa", "avg", "average", "averaged", "shadow", "momentum", "optimizer", "optim", "grad", "grads"];

/// Where a parameter is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Location {
    /// Position among the source's arrays.
    pub(super) index: usize,
    pub(super) order: FilterOrder,
}

/// What stands in front of a network's names, and which names they are.
type Key = (String, FilterOrder);

/// Arrays that may be the parameters of one network.
#[derive(Debug, Default, Clone)]
pub(super) struct Candidate {
    /// By the convolution's position among [`SHAPES`]. More than one location is one too many.
    locations: BTreeMap<(usize, Part), Vec<Location>>,
}

impl Candidate {
    /// Where a parameter of the convolution with torchvision's name `convolution` is said to be.
    pub(super) fn locations(&self, convolution: &str, part: Part) -> &[Location] {
        let position = SHAPES.iter().position(|shape| shape.name == convolution);
        position.and_then(|position| self.locations.get(&(position, part))).map_or(&[], Vec::as_slice)
    }

    /// Each array among these, with the convolution's name and the part that it is.
    pub(super) fn arrays(&self) -> impl Iterator<Item = (Location, &'static str, Part)> {
        self.locations.iter().flat_map(|(&(position, part), locations)| {
            locations.iter().map(move |&location| (location, &SHAPES[position].name[..], part))
        })
    }

    /// How many of the feature layers' parameters are there.
    fn count(&self) -> usize {
        let classifier = SHAPES.len() - 1;
        self.locations.keys().filter(|(position, _)| *position != classifier).count()
    }

    fn has_all(&self, required: &[ConvolutionShape]) -> bool {
        required
            .iter()
            .all(|shape| Part::ALL.into_iter().all(|part| !self.locations(&shape.name, part).is_empty()))
    }

    fn push(&mut self, parameter: Parameter, index: usize) {
        let location = Location { index, order: parameter.order };
        self.locations.entry((parameter.convolution, parameter.part)).or_default().push(location);
    }
}

/// Every convolution of the network, the classifier's the last.
static SHAPES: LazyLock<Vec<ConvolutionShape>> = LazyLock::new(|| {
    (0..FEATURES.len()).flat_map(architecture::convolutions).chain([architecture::classifier()]).collect()
});

/// The networks that may be meant where one with all of `required` is asked for; never none.
///
/// Names belong together that differ in nothing but what parameter they are. The candidate with most parameters is meant;
/// where several have as many, not those that a word among [`COMPANIONS`] marks. Where no one candidate has all that is
/// required, the parameters may be spread over the file: then all of them together are meant.
pub(super) fn meant(names: &[String], required: &[ConvolutionShape]) -> Vec<Candidate> {
    let catalogue = Catalogue::new(SHAPES.iter());
    let mut candidates = BTreeMap::<Key, Candidate>::new();
    let mut all = Candidate::default();
    for (index, name) in names.iter().enumerate() {
        if let Some((network, parameter)) = catalogue.find(name) {
            candidates.entry((network, parameter.order)).or_default().push(parameter, index);
            all.push(parameter, index);
        }
    }
    let most = candidates.values().map(Candidate::count).max().unwrap_or(0);
    candidates.retain(|_, candidate| candidate.count() == most && candidate.has_all(required));
    if candidates.is_empty() {
        return vec![all];
    }
    if candidates.keys().any(|(network, _)| !is_companion(network)) {
        candidates.retain(|(network, _), _| !is_companion(network));
    }
    candidates.into_values().collect()
}

fn is_companion(network: &str) -> bool {
    let mut words = network.split(|c: char| !c.is_alphanumeric());
    words.any(|word| COMPANIONS.iter().any(|companion| word.eq_ignore_ascii_case(companion)))
}

/// Whether these are the names of version 1.0, which has fire modules where version 1.1 pools: after layers 4 and 7.
pub(super) fn has_layers_of_version_1_0(names: &[String]) -> bool {
    let is_there = |ends: [&str; 2]| {
        names.iter().any(|name| {
            let name = name.replace('/', ".");
            ends.iter()
                .any(|end| name.strip_suffix(end).is_some_and(|rest| rest.is_empty() || rest.ends_with('.')))
        })
    };
    is_there(["5.squeeze.weight", "layer5.fire.squeeze.weights"])
        && is_there(["8.squeeze.weight", "layer8.fire.squeeze.weights"])
}
