//! Step 5: the product of step 4, its outputs kept in registers until they are finished.

/// Rows and columns of the tile: 4 x 2 vectors of SSE2.
const ROWS: usize = 4;
const COLUMNS: usize = 8;

/// As the product of step 4, for at least `ROWS` rows and whole tiles of columns.
pub(crate) fn product([depth, columns]: [usize; 2], left: &[f32], right: &[f32], out: &mut [f32]) {
    let rows = left.len() / depth;
    for first_row in (0..rows).step_by(ROWS) {
        // The last tile computes some rows of the one before again, rather than rows that do not exist.
        let first_row = first_row.min(rows - ROWS);
        let mut left_rows = [left; ROWS];
        for r in 0..ROWS {
            left_rows[r] = &left[(first_row + r) * depth..][..depth];
        }
        for column in (0..columns).step_by(COLUMNS) {
            let sums = tile(depth, columns, left_rows, &right[column..]);
            for r in 0..ROWS {
                out[(first_row + r) * columns + column..][..COLUMNS].copy_from_slice(&sums[r]);
            }
        }
    }
}

/// `sums[r, n] = sum over k of left[r][k] * right[k * columns + n]`.
fn tile(depth: usize, columns: usize, left: [&[f32]; ROWS], right: &[f32]) -> [[f32; COLUMNS]; ROWS] {
    let mut sums = [[0.0; COLUMNS]; ROWS];
    for k in 0..depth {
        let right = &right[k * columns..][..COLUMNS];
        for r in 0..ROWS {
            let value = left[r][k];
            for n in 0..COLUMNS {
                sums[r][n] += value * right[n];
            }
        }
    }
    sums
}
