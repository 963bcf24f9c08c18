//! The notebook's assignment, on impasto's tape: functions to write, and a judge that says what is wrong with them.
//!
//! ```sh
//! cargo run -p impasto-exercises            # what there is
//! cargo run -p impasto-exercises -- 1       # judges exercise 1
//! cargo run -p impasto-exercises -- 1 --zh  # 用中文
//! ```
//!
//! | exercise | file to write in | what it is |
//! | --- | --- | --- |
//! | 1 | `src/exercise_1.rs` | the content loss |
//! | 2 | `src/exercise_2.rs` | the Gram matrix |
//! | 3 | `src/exercise_3.rs` | the style loss |
//! | 4 | `src/exercise_4.rs` | the total variation |
//! | 5 | `src/exercise_5.rs` | an operation of your own, forward and backward |
//! | 6 | `src/exercise_6.rs` | a step of Adam |
//! | 7 | `src/exercise_7.rs` | the loop |
//!
//! The losses are made of the tape's primitives: `sub`, `square`, `sum`, `scale`, `reshape`, `transpose`, `matmul`, `narrow`,
//! `add`. They are the notebook's functions, with a tape in front; gradients come of themselves. Each is judged on the numbers
//! of `impasto explain step`, on made-up features, on the project's own pictures, and by central differences.
//!
//! `work` says what a solution is, `tests` what it is tried on, `judge` what is said of it; `solutions` has ours, `wrong` what
//! students write first.
#![forbid(unsafe_code)]

pub mod exercise_1;
pub mod exercise_2;
pub mod exercise_3;
pub mod exercise_4;
pub mod exercise_5;
pub mod exercise_6;
pub mod exercise_7;
pub mod judge;
pub mod solutions;
pub mod tests;
pub mod work;
pub mod wrong;
