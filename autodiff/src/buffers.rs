//! Which buffer holds which value, and for how long: buffers are shared by values that are never
//! needed at the same time.

/// Something that needs a buffer of `len` values from time `from` to time `to`, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Lifetime {
    pub(crate) len: usize,
    pub(crate) from: usize,
    pub(crate) to: usize,
}

/// Assigns a buffer to each lifetime such that no two lifetimes that overlap share one. Returns the
/// buffer of each, and the buffers' lengths.
///
/// The largest choose first (a large value in a buffer made for a small one would enlarge it), and
/// each takes the smallest free buffer that is large enough.
pub(crate) fn assign(lifetimes: &[Lifetime]) -> (Vec<usize>, Vec<usize>) {
    let mut order: Vec<usize> = (0..lifetimes.len()).collect();
    order.sort_by_key(|&index| std::cmp::Reverse(lifetimes[index].len));
    let mut assigned = vec![0; lifetimes.len()];
    let mut lens: Vec<usize> = Vec::new();
    let mut users: Vec<Vec<Lifetime>> = Vec::new();
    for index in order {
        let lifetime = lifetimes[index];
        let is_free = |buffer: &usize| {
            users[*buffer].iter().all(|user| user.to < lifetime.from || lifetime.to < user.from)
        };
        let buffer = (0..lens.len()).filter(is_free).min_by_key(|&buffer| lens[buffer]);
        let buffer = buffer.unwrap_or_else(|| {
            lens.push(lifetime.len);
            users.push(Vec::new());
            lens.len() - 1
        });
        users[buffer].push(lifetime);
        assigned[index] = buffer;
    }
    (assigned, lens)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lifetime(len: usize, from: usize, to: usize) -> Lifetime {
        Lifetime { len, from, to }
    }

    #[test]
    fn values_that_meet_never_share() {
        let lifetimes =
            [lifetime(4, 0, 3), lifetime(8, 1, 2), lifetime(2, 3, 5), lifetime(4, 4, 6), lifetime(8, 3, 3)];
        let (assigned, lens) = assign(&lifetimes);
        for (a, first) in lifetimes.iter().enumerate() {
            assert!(lens[assigned[a]] >= first.len);
            for (b, second) in lifetimes.iter().enumerate().skip(a + 1) {
                let meet = first.from <= second.to && second.from <= first.to;
                assert!(!meet || assigned[a] != assigned[b], "{first:?} and {second:?}");
            }
        }
    }

    #[test]
    fn a_chain_needs_two_buffers() {
        let chain: Vec<_> = (0..10).map(|step| lifetime(5, step, step + 1)).collect();
        assert_eq!(assign(&chain).1, [5, 5]);
    }
}
