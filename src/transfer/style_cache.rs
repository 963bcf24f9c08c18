//! What style images are compared by, kept for other sessions with the same ones.

use super::color_map::ColorMap;
use super::footprint::Manner;
use super::targets::Statistics;
use impasto_squeezenet::PoolRounding;
use ndarray::{ArcArray, Ix3};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

/// Images that are kept at the most: a style at each of a run's sizes is one.
const MOST: usize = 64;

/// Gram matrices of style images at the sizes that sessions had them in, for other sessions to take: those of many
/// photographs in one style compute them once. See
/// [`StyleTransferBuilder::style_cache`](super::StyleTransferBuilder::style_cache).
///
/// A clone is the same cache.
#[derive(Clone, Default)]
pub struct StyleCache {
    kept: Arc<Mutex<VecDeque<Entry>>>,
}

/// A style image's statistics, layer by layer.
struct Entry {
    key: Key,
    statistics: Arc<Vec<Statistics>>,
}

/// All that the statistics of a style image depend on, but for the weights.
#[derive(PartialEq)]
pub(super) struct Key {
    pub(super) colors: Option<ColorMap>,
    pub(super) layers: Vec<usize>,
    pub(super) moments: bool,
    pub(super) manner: Manner,
    pub(super) rounding: PoolRounding,
    /// As it is at a size.
    pub(super) picture: ArcArray<u8, Ix3>,
}

impl StyleCache {
    /// The statistics of this key; `compute` gives those that are not there.
    pub(super) fn get_or<E>(
        &self,
        key: Key,
        compute: impl FnOnce() -> Result<Vec<Statistics>, E>,
    ) -> Result<Arc<Vec<Statistics>>, E> {
        let lock = || self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(entry) = lock().iter().find(|entry| entry.key == key) {
            return Ok(Arc::clone(&entry.statistics));
        }
        // Others need not wait: two that compute the same at once find the same.
        let statistics = Arc::new(compute()?);
        let mut kept = lock();
        kept.truncate(MOST - 1);
        kept.push_front(Entry { key, statistics: Arc::clone(&statistics) });
        Ok(statistics)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_are_kept() {
        let cache = StyleCache::default();
        let key = |level: u8| Key {
            colors: None,
            layers: vec![1],
            moments: false,
            manner: Manner::Whole,
            rounding: PoolRounding::Floor,
            picture: ArcArray::from_elem((2, 2, 3), level),
        };
        let compute = |level: u8| {
            let mut was_computed = false;
            let statistics = cache.get_or(key(level), || {
                was_computed = true;
                Ok::<_, ()>(Vec::new())
            });
            statistics.unwrap();
            was_computed
        };
        assert!((0..100).all(&compute));
        assert!((100 - MOST as u8..100).all(|level| !compute(level)));
        assert!(compute(0));
        // One that fails leaves nothing.
        assert!(cache.get_or(key(200), || Err(())).is_err());
        assert!(compute(200));
    }
}
