//! How far more machines would help with one picture, each with a band of it: on paper, from the time that a pixel takes
//! and from how far the machines are apart.

use super::input;
use crate::preset::LossWeights;
use crate::transfer::{STRIP_ROWS, StyleTransfer, Team, TeamError, TransferError};
use impasto_squeezenet::architecture;

/// The numbers of machines that a picture is dealt to.
pub const MACHINES: [usize; 7] = [1, 2, 4, 8, 16, 32, 64];

/// Shorter sides of the pictures, in pixels; the longer is 4/3 of it. The last is a gigapixel.
pub const SIDES: [usize; 5] = [768, 1536, 3072, 8704, 27392];

/// How many times as long an iteration takes in strips, which compute the features twice.
const IN_STRIPS: f64 = 1.3;

/// Twice as many machines pay if they are at least this many times as fast.
const PAYS: f64 = 1.5;

/// Machines that share a picture.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Machines {
    /// Threads of each: one of [`THREADS`](super::scaling::THREADS).
    pub threads: usize,
    /// Microseconds until the first byte of a message is there.
    pub latency_us: f64,
    /// Gigabytes per second from one to another.
    pub gbytes_per_second: f64,
}

/// Ten gigabits per second.
impl Default for Machines {
    fn default() -> Self {
        Machines { threads: 16, latency_us: 50.0, gbytes_per_second: 1.25 }
    }
}

/// A picture on more and more machines.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct MachinesReport {
    /// Height of the picture, in pixels.
    pub height: usize,
    /// Width of the picture, in pixels.
    pub width: usize,
    /// Seconds per iteration, one for each of [`MACHINES`].
    pub seconds: Vec<f64>,
    /// The most of these machines up to which twice as many are at least 1.5 times as fast.
    pub pays_up_to: usize,
}

/// What a band costs beyond its own rows.
#[derive(Debug, Clone, Copy)]
struct Borders {
    /// Rows that are computed on both sides of a border.
    computed: f64,
    /// Rows of pixels that a band reads of its neighbors.
    read: f64,
}

/// A report for each of [`SIDES`]; `pixel_ns` is the time of one pixel in one iteration on one machine, in nanoseconds.
///
/// # Errors
/// Those of recording a small picture in bands.
pub fn run(machines: &Machines, pixel_ns: f64) -> Result<Vec<MachinesReport>, TransferError> {
    let borders = borders()?;
    Ok(SIDES.into_iter().map(|side| report(machines, pixel_ns, borders, super::dimensions(side))).collect())
}

fn report(
    machines: &Machines,
    pixel_ns: f64,
    borders: Borders,
    (height, width): (usize, usize),
) -> MachinesReport {
    let seconds = MACHINES.map(|count| seconds(machines, pixel_ns, borders, (height, width), count));
    let pays = (1..MACHINES.len()).take_while(|&index| seconds[index - 1] >= PAYS * seconds[index]).count();
    MachinesReport { height, width, seconds: seconds.to_vec(), pays_up_to: MACHINES[pays] }
}

/// Seconds per iteration on `count` machines.
fn seconds(
    machines: &Machines,
    pixel_ns: f64,
    borders: Borders,
    (height, width): (usize, usize),
    count: usize,
) -> f64 {
    let strips = height.div_ceil(STRIP_ROWS);
    let rows = (strips.div_ceil(count) * STRIP_ROWS).min(height) as f64;
    let computed = if count > 1 { rows + borders.computed } else { rows };
    let computing = computed * width as f64 * pixel_ns * 1e-9 * IN_STRIPS;
    if count == 1 {
        return computing;
    }
    let message = |bytes: f64| machines.latency_us * 1e-6 + bytes / (machines.gbytes_per_second * 1e9);
    let of_layer = |layer: &usize| architecture::output_channels(*layer).unwrap_or(0).pow(2) as f64 * 4.0;
    let sums: f64 = LossWeights::STYLE_LAYERS.iter().map(of_layer).sum();
    // Along the machines, and back to all of them by twos.
    let rounds = (count as f64).log2().ceil();
    let adding = (count as f64 - 1.0 + rounds) * (message(sums) + message(0.0));
    let rows_exchanged = 2.0 * message(borders.read * width as f64 * 12.0);
    computing + adding + rows_exchanged + 2.0 * rounds * message(0.0)
}

/// Someone between two others who never say anything: enough to be recorded.
struct Alone;

impl Team for Alone {
    fn rank(&self) -> usize {
        1
    }

    fn size(&self) -> usize {
        3
    }

    fn send(&self, _: usize, _: &[u8]) -> Result<(), TeamError> {
        Ok(())
    }

    fn receive(&self, _: usize) -> Result<Vec<u8>, TeamError> {
        Ok(Vec::new())
    }
}

/// Those of the default layers, as the schedule of a narrow picture has them.
fn borders() -> Result<Borders, TransferError> {
    const NARROW: usize = 72;
    let network = input::network()?;
    let (content, style) = (input::picture(24 * STRIP_ROWS, NARROW, 1), input::picture(NARROW, NARROW, 2));
    let builder = StyleTransfer::builder(&network).content(&content).style(&style, 1.0);
    let session = builder.scales(1).team(Alone).build()?;
    let ([own, read], overhead) = session.band().unwrap_or(([0, 0], 1.0));
    Ok(Borders { computed: own as f64 * (overhead - 1.0), read: read as f64 })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_border_is_about_what_the_network_sees() {
        let borders = borders().unwrap();
        assert!((100.0..400.0).contains(&borders.read), "{borders:?}");
        assert!((30.0..300.0).contains(&borders.computed), "{borders:?}");
    }

    #[test]
    fn far_machines_stop_paying_before_near_ones() {
        let borders = Borders { computed: 100.0, read: 200.0 };
        let near = Machines { threads: 1, latency_us: 1.0, gbytes_per_second: 100.0 };
        let far = Machines { latency_us: 20_000.0, gbytes_per_second: 0.01, ..near };
        let pays =
            |machines, side| report(machines, 100.0, borders, super::super::dimensions(side)).pays_up_to;
        assert!(pays(&far, 3072) < pays(&near, 3072));
        assert!(pays(&near, 768) < pays(&near, 27392));
        let one = seconds(&near, 100.0, borders, (640, 1000), 1);
        assert!((one - 640_000.0 * 100e-9 * IN_STRIPS).abs() < 1e-9);
    }
}
