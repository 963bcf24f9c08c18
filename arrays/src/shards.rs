//! Arrays spread over several whole files, with an index in JSON that names the file of each (`weight_map`), as
//! `save_pretrained` of Hugging Face's libraries writes them; or without the index, where the files' names tell how many
//! there are: `model-00001-of-00003.safetensors`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{BufReader, Read};
use std::path::{Component, Path, PathBuf};

use serde::Deserialize;

use super::container::OpenError;
use super::detect::{Detected, detect, open_whole};
use super::error::{ArrayError, FormatError};
use super::format::Format;
use super::source::{ArraySource, StoredArray};

/// What the name of an index ends with.
pub(super) const INDEX_SUFFIX: &str = ".index.json";

/// Most bytes of an index. An array takes about a hundred.
const LONGEST_INDEX: u64 = 1 << 20;

/// Most files that are open at once.
const MOST_SHARDS: usize = 256;

/// What an index says, as far as it is of use.
#[derive(Deserialize)]
struct Index {
    /// The file of each array.
    weight_map: Option<BTreeMap<String, String>>,
}

/// The arrays of all shards. Each shard is open, no array is read.
pub(super) struct Shards {
    names: Vec<String>,
    /// For each name, its shard and its number there.
    places: Vec<(usize, usize)>,
    sources: Vec<Box<dyn ArraySource>>,
}

impl Shards {
    /// Opens the shards that the index at `path` names, which are in its folder. Returns their paths too.
    pub(super) fn of_index(path: &Path) -> Result<(Self, Vec<PathBuf>), OpenError> {
        let mut text = Vec::new();
        File::open(path)?.take(LONGEST_INDEX + 1).read_to_end(&mut text)?;
        if text.len() as u64 > LONGEST_INDEX {
            return Err(malformed("its index is longer than 1 MiB"));
        }
        let weight_map = match serde_json::from_slice(&text) {
            Ok(Index { weight_map: Some(weight_map) }) => weight_map,
            Err(error) if path.to_str().is_some_and(|path| path.ends_with(INDEX_SUFFIX)) => {
                return Err(malformed(format!("its index: {error}")));
            }
            // Something else that begins with a brace.
            _ => return Err(FormatError::Unknown.into()),
        };
        let files: BTreeSet<&String> = weight_map.values().collect();
        if let Some(elsewhere) = files.iter().find(|file| !is_plain(file)) {
            return Err(malformed(format!("its index names {elsewhere}, which is not in its own folder")));
        }
        let paths: Vec<PathBuf> = files.iter().map(|file| path.with_file_name(file)).collect();
        let mut shards = Self::open(&paths)?;
        shards.keep(&weight_map, &paths)?;
        Ok((shards, paths))
    }

    /// Opens these files.
    pub(super) fn open(paths: &[PathBuf]) -> Result<Self, OpenError> {
        if paths.len() > MOST_SHARDS {
            return Err(malformed(format!("it has {} files, more than {MOST_SHARDS}", paths.len())));
        }
        // The first that is missing is named, before any is opened.
        for path in paths {
            match fs::metadata(path) {
                Ok(metadata) if metadata.is_file() => {}
                Ok(_) => return Err(malformed(format!("its part {} is not a file", path.display()))),
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                    return Err(
                        FormatError::MissingFile { format: Format::Shards, path: path.clone() }.into()
                    );
                }
                Err(error) => return Err(error.into()),
            }
        }
        let mut shards = Self { names: Vec::new(), places: Vec::new(), sources: Vec::new() };
        for path in paths {
            let source = open_one(path).map_err(|error| in_shard(error, path))?;
            let number = shards.sources.len();
            shards.places.extend((0..source.names().len()).map(|index| (number, index)));
            shards.names.extend_from_slice(source.names());
            shards.sources.push(source);
        }
        Ok(shards)
    }

    /// Keeps the arrays of an index, each from the file that it names.
    fn keep(&mut self, weight_map: &BTreeMap<String, String>, paths: &[PathBuf]) -> Result<(), OpenError> {
        let mut left: BTreeMap<&str, &str> =
            weight_map.iter().map(|(name, file)| (name.as_str(), file.as_str())).collect();
        let is_of = |file: &str, shard: usize| paths[shard].file_name().is_some_and(|name| name == file);
        let named = std::mem::take(&mut self.names).into_iter().zip(std::mem::take(&mut self.places));
        for (name, place) in named {
            if left.get(name.as_str()).is_some_and(|file| is_of(file, place.0)) {
                left.remove(name.as_str());
                self.names.push(name);
                self.places.push(place);
            }
        }
        match left.first_key_value() {
            None => Ok(()),
            Some((name, file)) => {
                Err(malformed(format!("{file} lacks {name}, which the index says is there")))
            }
        }
    }
}

impl ArraySource for Shards {
    fn names(&self) -> &[String] {
        &self.names
    }

    fn open(&mut self, index: usize) -> Result<StoredArray<'_>, ArrayError> {
        let (shard, index) = self.places[index];
        self.sources[shard].open(index)
    }
}

/// All shards of the set that a file belongs to by its name, `PREFIX-00001-of-00003.EXTENSION`.
pub(super) fn siblings(path: &Path) -> Option<Vec<PathBuf>> {
    let name = path.file_name()?.to_str()?;
    let (front, extension) = name.rsplit_once('.')?;
    let (front, count) = front.rsplit_once("-of-")?;
    let (prefix, number) = front.rsplit_once('-')?;
    let parse = |digits: &str| {
        let is_number = digits.len() == 5 && digits.bytes().all(|digit| digit.is_ascii_digit());
        is_number.then(|| digits.parse::<usize>().ok()).flatten()
    };
    let (number, count) = (parse(number)?, parse(count)?);
    let sibling = |number| path.with_file_name(format!("{prefix}-{number:05}-of-{count:05}.{extension}"));
    (1..=count).contains(&number).then(|| (1..=count).map(sibling).collect())
}

/// Whether a name leads to a file of the same folder.
fn is_plain(file: &str) -> bool {
    let mut components = Path::new(file).components();
    matches!((components.next(), components.next()), (Some(Component::Normal(name)), None) if name == file)
}

fn open_one(path: &Path) -> Result<Box<dyn ArraySource>, OpenError> {
    let mut file = BufReader::new(File::open(path)?);
    match detect(&mut file)? {
        Some(Detected::Whole(kind)) => Ok(open_whole(kind, file)?.1),
        Some(Detected::Index | Detected::Json) | None => Err(FormatError::Unknown.into()),
    }
}

/// Says in which file something is wrong.
fn in_shard(error: OpenError, path: &Path) -> OpenError {
    let reason = match error {
        OpenError::Io(error) => return OpenError::Io(error),
        OpenError::Zip(error) => error.to_string(),
        OpenError::Format(problem) => problem.to_string(),
    };
    malformed(format!("its part {} {reason}", path.display()))
}

fn malformed(reason: impl Into<String>) -> OpenError {
    FormatError::Malformed { format: Format::Shards, reason: reason.into() }.into()
}
