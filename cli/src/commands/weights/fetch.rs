//! `impasto weights fetch`: torchvision's weights from the network into the user's data folder, once. Downloading knows
//! no weights, and reading them is the library's.

use std::fs;
use std::path::Path;

use anyhow::{Context, bail};
use impasto::Weights;
use impasto::arrays::{Container, Precision};
use impasto::files;

use crate::arguments::{WeightsFetchArguments, WeightsOutput};
use crate::download::{Download, DownloadError, Progress};
use crate::ending::Ending;
use crate::error::UsageError;
use crate::run::weights::default_path;

/// Six times what torchvision's file has.
const LIMIT: u64 = 32_000_000;

pub(crate) fn run(arguments: &WeightsFetchArguments) -> anyhow::Result<Ending> {
    let (url, sha256) = (&arguments.url, &arguments.sha256);
    if !url.is_encrypted() && !url.is_loopback() && !sha256.is_whole() {
        return Err(UsageError::UnprovenDownload { url: url.to_string() }.into());
    }
    let mut progress = Progress::new(arguments.quiet);
    let WeightsOutput { path: target, container } = target(arguments.output.as_ref())?;
    if target.exists() && !arguments.force {
        check_existing(&target)?;
        progress.print(&format!("{} is there already; --force replaces it", target.display()));
        return Ok(Ending::Done);
    }
    // Before anything is downloaded.
    files::check_writable(&target).with_context(|| {
        format!("cannot write {}: check its folder, its permissions and the free space", target.display())
    })?;
    let download =
        Download { url: &arguments.url, digest: &arguments.sha256, limit: LIMIT, timeout: arguments.timeout };
    let bytes = download.run(&mut progress).map_err(|error| explain(error, arguments, &target))?;
    let weights = Weights::from_bytes(&bytes)
        .with_context(|| format!("what {} sends are no weights of SqueezeNet 1.1", arguments.url))?;
    weights.save(&target, container, Precision::Single)?;
    progress.print(&format!("saved {}", target.display()));
    Ok(Ending::Done)
}

/// The file to write: `output`, else the one in the user's data folder, which is created.
fn target(output: Option<&WeightsOutput>) -> anyhow::Result<WeightsOutput> {
    if let Some(output) = output {
        if output.path.is_dir() {
            bail!("cannot write the weights to {}: it is a folder; name a file", output.path.display());
        }
        return Ok(output.clone());
    }
    let Some(path) = default_path() else {
        bail!("there is no data folder for this user to put the weights in: name a file with --output FILE");
    };
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).with_context(|| {
            format!(
                "cannot create {}: check its permissions, or name a file with --output FILE",
                folder.display()
            )
        })?;
    }
    Ok(WeightsOutput { path, container: Container::Npz })
}

/// Refuses to call it a success that a file is there that is of no use.
fn check_existing(target: &Path) -> anyhow::Result<()> {
    Weights::load(target).map(drop).with_context(|| {
        format!("{} is there already, and cannot be used: --force replaces it", target.display())
    })
}

/// Adds what to do without this network, or with another file.
fn explain(error: DownloadError, arguments: &WeightsFetchArguments, target: &Path) -> anyhow::Error {
    let url = &arguments.url;
    let advice = match &error {
        error if error.is_of_the_network() => format!(
            "cannot download the weights; get {url} in another way (with a browser, on another machine), then run \
             `impasto weights convert FILE \"{}\"`",
            target.display()
        ),
        DownloadError::WrongDigest { .. } => {
            "cannot use the weights; look in a browser what comes from there, and if it is a mirror's own file, give \
             the SHA-256 that it publishes with --sha256 HEX"
                .to_owned()
        }
        _ => "cannot download the weights".to_owned(),
    };
    anyhow::Error::new(error).context(advice)
}
