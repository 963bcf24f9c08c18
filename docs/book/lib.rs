//! The book's chapters as documentation of modules, so that `cargo test` compiles and runs every block
//! of Rust in them. The book itself is for mdBook: `mdbook build docs/book --open`.
#![forbid(unsafe_code)]
#![allow(
    clippy::needless_doctest_main,
    reason = "a chapter's programs are complete, to be copied into a file"
)]

/// One module for each chapter, and the list of the chapters' files.
macro_rules! chapters {
    ($($module:ident: $file:literal),* $(,)?) => {
        $(
            #[doc = include_str!(concat!("src/", $file))]
            pub mod $module {}
        )*

        #[cfg(test)]
        const CHAPTERS: &[(&str, &str)] = &[$(($file, include_str!(concat!("src/", $file)))),*];
    };
}

chapters! {
    front_page: "README.md",
    scalar_tape: "scalar-tape.md",
    tensors: "tensors.md",
    checking: "checking.md",
    convolution: "convolution.md",
    pooling: "pooling.md",
    gram: "gram.md",
    notebook: "notebook.md",
    squeezenet: "squeezenet.md",
    losses: "losses.md",
    adam: "adam.md",
    schedule: "schedule.md",
    scales: "scales.md",
    explain: "explain.md",
    kernels: "kernels.md",
    strips: "strips.md",
    answers: "answers.md",
    teaching: "teaching.md",
    zh_scalar_tape: "zh/scalar-tape.md",
    zh_tensors: "zh/tensors.md",
    zh_checking: "zh/checking.md",
    zh_convolution: "zh/convolution.md",
    zh_pooling: "zh/pooling.md",
    zh_gram: "zh/gram.md",
    zh_notebook: "zh/notebook.md",
    zh_squeezenet: "zh/squeezenet.md",
    zh_losses: "zh/losses.md",
    zh_adam: "zh/adam.md",
    zh_schedule: "zh/schedule.md",
    zh_scales: "zh/scales.md",
    zh_explain: "zh/explain.md",
    zh_kernels: "zh/kernels.md",
    zh_strips: "zh/strips.md",
    zh_answers: "zh/answers.md",
    zh_teaching: "zh/teaching.md",
}

#[cfg(test)]
mod tests {
    use super::CHAPTERS;

    #[test]
    fn every_chapter_of_the_table_of_contents_is_tested() {
        let summary = include_str!("src/SUMMARY.md");
        let linked = summary.split("](").skip(1).map(|rest| rest.split(')').next().unwrap());
        let linked: Vec<&str> = linked.collect();
        let tested: Vec<&str> = CHAPTERS.iter().map(|&(file, _)| file).collect();
        assert_eq!(linked, tested);
    }
}
