//! A run prepared as a command line says, for whoever drives it: the Python package. Its pictures are those of the command
//! line, since all that leads to them is the same.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt;
use std::ops::ControlFlow;
use std::path::PathBuf;

use anyhow::anyhow;
use clap::Parser;
use impasto::{Iteration, Outcome, SqueezeNet, StyleTransfer};
use ndarray::{Array3, Array4};

use crate::arguments::{Arguments, Command, ReportOptions};
use crate::commands::{invert, texture, transfer};
use crate::error::{is_usage, naming_the_option, text_of_chain};
use crate::run::checkpoints::{self, Checkpoints};
use crate::run::inputs::Inputs;
use crate::run::request::Request;
use crate::run::source::Source;
use crate::run::synthesis::builder;
use crate::run::weights::Located;

/// What the command line names that is in memory and in no file, by the words that name it there.
#[derive(Default)]
pub struct Given {
    /// Pictures and masks, (H, W, 3).
    pub pictures: BTreeMap<PathBuf, Array3<u8>>,
    /// What to start from, (1, H, W, 3) in preprocessed units; it comes before `--init`.
    pub init: Option<Array4<f32>>,
}

/// A run that has not begun.
pub struct Prepared {
    session: StyleTransfer,
    checkpoints: Option<Checkpoints>,
    /// What is worth knowing about it, a line each.
    pub notes: Vec<String>,
    /// The weights' file, or `built-in`.
    pub weights: String,
}

/// Why a run could not be prepared, in the command line's words.
#[derive(Debug)]
pub struct Failure {
    /// What is wrong, and its causes behind colons.
    pub message: String,
    /// Whether an option was wrong.
    pub is_usage: bool,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Failure {}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Failure {
        Failure { message: text_of_chain(error.as_ref()), is_usage: is_usage(&error) }
    }
}

/// Prepares what a command line of `transfer`, `invert` or `texture` says. Nothing is printed, and what it says of
/// reports and of the result's file is not done.
///
/// # Errors
/// [`Failure`], for all that the command refuses before it begins; for other commands.
pub fn prepare(line: &[OsString], given: Given) -> Result<Prepared, Failure> {
    let arguments = Arguments::try_parse_from(line)
        .map_err(|error| Failure { message: first_sentence(&error.to_string()), is_usage: true })?;
    let (request, reports) = match &arguments.command {
        Command::Transfer(arguments) => (transfer::request(arguments), &arguments.reports),
        Command::Invert(arguments) => (invert::request(arguments), &arguments.reports),
        Command::Texture(arguments) => (texture::request(arguments), &arguments.reports),
        _ => return Err(anyhow!("only transfer, invert and texture can be prepared").into()),
    };
    Ok(prepare_request(request.map_err(anyhow::Error::from)?, reports, &given)?)
}

fn prepare_request<'a>(
    mut request: Request<'a>,
    reports: &ReportOptions,
    given: &'a Given,
) -> anyhow::Result<Prepared> {
    give(&mut request, given);
    let weights = Located::find(request.common.network.weights.as_deref());
    let network =
        SqueezeNet::new(weights.load(request.deepest_layer())?).with_pooling(request.common.network.pooling);
    let mut inputs = Inputs::load(&request)?;
    if let Some(init) = &given.init {
        inputs.init = Some(init.clone());
    }
    let mut notes = std::mem::take(&mut inputs.notes);
    notes.extend(inputs.warnings.iter().map(ToString::to_string));
    let mut session = builder(&request, &inputs, &network).build().map_err(naming_the_option)?;
    if let Some(path) = &reports.resume {
        session.resume(checkpoints::read(path, None, true)?)?;
    }
    let checkpoints = Checkpoints::new(reports, None);
    Ok(Prepared { session, checkpoints, notes, weights: weights.to_string() })
}

/// Puts pictures in memory in the place of files of their names.
fn give<'a>(request: &mut Request<'a>, given: &'a Given) {
    let replace = |source: &mut Source<'a>| {
        let Some((name, picture)) = source.path().and_then(|path| given.pictures.get_key_value(path)) else {
            return;
        };
        *source = Source::Given(name.to_str().unwrap_or("array"), picture);
    };
    if let Some(content) = &mut request.content {
        replace(&mut content.source);
        content.mask.iter_mut().for_each(replace);
    }
    if let Some(style) = &mut request.style {
        style.pictures.iter_mut().for_each(|(source, _)| replace(source));
        style.masks.iter_mut().flatten().for_each(replace);
    }
}

/// What clap found wrong, without the usage that follows.
fn first_sentence(text: &str) -> String {
    let text = text.split("\n\nUsage").next().unwrap_or(text).split("\n\nFor more").next().unwrap_or(text);
    let text = text.trim_start_matches("error: ").replace("\n\n  tip:", "; tip:");
    let words: Vec<&str> = text.split_whitespace().collect();
    words.join(" ")
}

impl Prepared {
    /// The session, as the library has it.
    pub fn session(&mut self) -> &mut StyleTransfer {
        &mut self.session
    }

    /// Runs it; `observe` sees each iteration and may end the run. Checkpoints are written as the command line said.
    ///
    /// # Errors
    /// [`Failure`] if the loss is no longer a number; of another checkpoint.
    pub fn run(
        &mut self,
        observe: &mut (dyn FnMut(&Iteration<'_>) -> ControlFlow<()> + Send),
    ) -> Result<Outcome, Failure> {
        let mut failure = None;
        let Prepared { session, checkpoints, .. } = self;
        let outcome = session.run_with(&mut |iteration: &Iteration<'_>| {
            let flow = observe(iteration);
            let is_over = flow.is_break() || iteration.index + 1 == iteration.iterations;
            if let Some(checkpoints) = checkpoints.as_mut()
                && let Err(error) = checkpoints.save(iteration, is_over)
            {
                failure.get_or_insert(error);
                return ControlFlow::Break(());
            }
            flow
        });
        match (outcome, failure) {
            (_, Some(failure)) => Err(failure.into()),
            (Ok(outcome), None) => Ok(outcome),
            (Err(error), None) => Err(anyhow::Error::from(error).into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(words: &str) -> Vec<OsString> {
        words.split_whitespace().map(OsString::from).collect()
    }

    #[test]
    fn pictures_stand_in_for_files_of_their_names() {
        let picture = |seed: usize| {
            Array3::from_shape_fn((40, 48, 3), |(y, x, c)| ((y * y + seed * x + 40 * c) % 256) as u8)
        };
        let pictures = [("a".into(), picture(3)), ("b".into(), picture(7))].into();
        let words = "impasto transfer a b -o x.png --size 40 --iterations 2 --scales 1";
        let mut prepared = prepare(&line(words), Given { pictures, init: None }).unwrap();
        assert_eq!(prepared.session().size(), (40, 48));
        let mut seen = 0;
        let outcome = prepared.run(&mut |_| {
            seen += 1;
            ControlFlow::Continue(())
        });
        assert_eq!((outcome.unwrap().iterations, seen), (2, 2));
    }

    #[test]
    fn failures_have_the_command_lines_words() {
        let refused = |words: &str| prepare(&line(words), Given::default()).err().expect("refused");
        let unknown = refused("impasto transfer a.png b.png -o c.png --contnet-weight=1");
        assert!(unknown.is_usage && unknown.message.contains("'--contnet-weight' found; tip:"), "{unknown}");
        let missing = refused("impasto invert no-such-file.png -o c.png");
        assert!(
            !missing.is_usage && missing.message.contains("no-such-file.png does not exist"),
            "{missing}"
        );
        let lists = refused("impasto texture a.png -o c.png --style-layers 1 --style-weights 1,2");
        assert!(lists.is_usage && lists.message.contains("style-weights"), "{lists}");
        assert!(refused("impasto explain").message.contains("only transfer, invert and texture"));
    }
}
