//! The recorded tape of a request, node by node, with its numbers.

use std::ops::ControlFlow;

use impasto::samples::{SWIRL, TOWN};
use impasto::{Iteration, SqueezeNet, StyleTransfer};

use super::report::Report;
use super::{dot, page, print, table};
use crate::arguments::ExplainArguments;
use crate::ending::Ending;
use crate::error::{UsageError, naming_the_option, say};
use crate::run::inputs::Inputs;
use crate::run::interrupt::Interrupt;
use crate::run::outputs;
use crate::run::request::Request;
use crate::run::source::{Source, sources};
use crate::run::synthesis::builder;
use crate::run::weights::Located;
use crate::text;

/// Shorter side of the picture, in pixels, unless an option or a preset says otherwise: small, so that maps can be told
/// apart and a replay is quick.
const DEFAULT_SIZE: usize = 128;

/// What `--html` writes.
const PAGE: &str = "the page";

pub(super) fn run(arguments: &ExplainArguments) -> anyhow::Result<Ending> {
    let ExplainArguments { options, common, html, at, .. } = arguments;
    let interrupt = Interrupt::listen()?;
    let (content, styles) = pictures(arguments);
    let names = styles.iter().map(|style| style.name()).collect();
    let mut request = Request::transfer(content, styles, options, None, common)?;
    request.default_size = DEFAULT_SIZE;

    let weights = Located::find(common.network.weights.as_deref());
    if let Some(path) = html {
        outputs::check_text(PAGE, path)?;
        let weight_files = weights.files();
        outputs::refuse_shared("--html", path, &outputs::inputs(&request, &weight_files))?;
    }
    let network =
        SqueezeNet::new(weights.load(request.deepest_layer())?).with_pooling(common.network.pooling);
    let inputs = Inputs::load(&request)?;
    inputs.warn(arguments.quiet);
    let mut session =
        builder(&request, &inputs, &network).inspectable().build().map_err(naming_the_option)?;
    if *at > session.iterations() {
        return Err(UsageError::BeyondTheEnd { at: *at, iterations: session.iterations() }.into());
    }
    weights.announce(arguments.quiet);
    interrupt.wait_for_iterations();
    if !advance(&mut session, *at, &interrupt)? {
        return Ok(Ending::Interrupted(interrupt.exit_code()));
    }
    let report = Report {
        content: content.name(),
        styles: names,
        weights: weights.to_string(),
        iteration: *at,
        explanation: session.explain()?,
    };
    if let Some(path) = html {
        let Some(films) = page::film::films(&request, &inputs, &network, &interrupt)? else {
            return Ok(Ending::Interrupted(interrupt.exit_code()));
        };
        outputs::write_text(PAGE, path, &page::page(&report, &films, &mut session)?)?;
        if !arguments.quiet {
            say(&format!("open {} in a browser", path.display()));
        }
    }
    let text = if arguments.json {
        text::json(&report)?
    } else if arguments.dot {
        dot::graph(&report.explanation)
    } else {
        table::table(&report)
    };
    print(&text)?;
    Ok(Ending::Done)
}

/// The pictures that the user named, or those that are built in.
fn pictures(arguments: &ExplainArguments) -> (Source<'_>, Vec<Source<'_>>) {
    match &arguments.content {
        Some(content) => (Source::new(content), sources(&arguments.styles)),
        None => (Source::Sample(&TOWN), vec![Source::Sample(&SWIRL)]),
    }
}

/// Takes this many iterations, unless the user ends them; whether all were taken.
fn advance(session: &mut StyleTransfer, iterations: usize, interrupt: &Interrupt) -> anyhow::Result<bool> {
    if iterations == 0 {
        return Ok(true);
    }
    let mut interrupted = false;
    session.run_with(&mut |iteration: &Iteration<'_>| {
        interrupted = interrupt.is_requested();
        let goes_on = iteration.index + 1 < iterations && !interrupted;
        if goes_on { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    })?;
    Ok(!interrupted)
}
