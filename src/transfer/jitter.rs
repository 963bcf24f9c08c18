//! Jitter: before each iteration the picture is shifted against the network's grid.
//!
//! Strides make a grid: a pixel that four windows cover gets another gradient than its neighbor that one covers, and
//! iteration by iteration that becomes dots at the period of the strides. Shifted by another few pixels each time, the
//! grid falls on every pixel alike, and only what the picture itself asks for adds up.

/// The largest jitter: each shift keeps content features of its own, and strides repeat after 16 pixels.
pub const MAX_JITTER: usize = 16;

/// Rows and columns by which the picture is shifted, for a jitter of `count`: `count` shifts, of which no two share a row
/// or a column, so that few of them reach every place of the grid.
///
/// The columns are the powers of a primitive root modulo a prime (a Costas array of Welch's kind), less 1; a lattice
/// such as `(i, 2 i)` would leave the dots on its diagonals.
pub(super) fn shifts(count: usize) -> Vec<[usize; 2]> {
    if count < 2 {
        return vec![[0, 0]];
    }
    let prime = (count + 1..).find(|&number| is_prime(number)).unwrap_or(count + 1);
    let root = (2..prime).rev().find(|&root| order(root, prime) == prime - 1).unwrap_or(1);
    let powers = std::iter::successors(Some(1), |power| Some(power * root % prime));
    let columns = powers.take(prime - 1).map(|power| power - 1).filter(|&column| column < count);
    columns.enumerate().map(|(row, column)| [row, column]).collect()
}

fn is_prime(number: usize) -> bool {
    (2..number).all(|divisor| !number.is_multiple_of(divisor))
}

/// The least power above 0 with which `base` gives 1 modulo a prime.
fn order(base: usize, prime: usize) -> usize {
    let powers = std::iter::successors(Some(base), |power| Some(power * base % prime));
    powers.take_while(|&power| power != 1).count() + 1
}

/// Which shift iteration `iteration` of a scale uses: all of `count` in each round, in an order drawn from the seed, the
/// scale and the round, so that a run can be taken up anywhere.
pub(super) fn choose(seed: u64, scale: usize, iteration: usize, count: usize) -> usize {
    let (round, place) = (iteration / count, iteration % count);
    // Two seeds that differ by little must not give rounds that do.
    let mut random = fastrand::Rng::with_seed(seed ^ 0x9e37_79b9_7f4a_7c15);
    for part in [scale, round] {
        let mixed = random.u64(..) ^ part as u64;
        random.seed(mixed);
    }
    let mut order: [usize; MAX_JITTER] = std::array::from_fn(|index| index);
    random.shuffle(&mut order[..count]);
    order[place]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shifts_share_no_row_and_no_column() {
        assert_eq!(shifts(0), [[0, 0]]);
        assert_eq!(shifts(1), [[0, 0]]);
        assert_eq!(shifts(4), [[0, 0], [1, 2], [2, 3], [3, 1]]);
        for count in 2..=MAX_JITTER {
            let shifts = shifts(count);
            assert_eq!(shifts.len(), count);
            for axis in [0, 1] {
                let mut places: Vec<usize> = shifts.iter().map(|shift| shift[axis]).collect();
                places.sort_unstable();
                assert_eq!(places, (0..count).collect::<Vec<_>>(), "axis {axis} of {count}");
            }
        }
    }

    #[test]
    fn each_round_uses_every_shift_once() {
        for (seed, count) in [(0, 4), (1, 4), (7, 16), (0, 2)] {
            let rounds: Vec<Vec<usize>> = (0..20)
                .map(|round| (0..count).map(|place| choose(seed, 3, round * count + place, count)).collect())
                .collect();
            for round in &rounds {
                let mut sorted = round.clone();
                sorted.sort_unstable();
                assert_eq!(sorted, (0..count).collect::<Vec<_>>());
            }
            assert!(rounds.iter().any(|round| *round != rounds[0]));
        }
        let orders = |seed, scale| (0..40).map(|i| choose(seed, scale, i, 4)).collect::<Vec<_>>();
        assert_ne!(orders(0, 0), orders(1, 0));
        assert_ne!(orders(0, 0), orders(0, 1));
        assert_eq!(orders(5, 2), orders(5, 2));
    }
}
