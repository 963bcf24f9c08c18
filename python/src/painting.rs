//! Runs: what `transfer`, `invert` and `texture` of the command line do, with its options as keywords.

use crate::errors::refused;
use crate::options::{Line, refused_run};
use impasto::image::{encode_png, save_image};
use impasto::{Iteration, Losses, Outcome};
use impasto_cli::{Failure, Prepared, prepare};
use ndarray::Array3;
use numpy::{IntoPyArray, PyArray3, PyArray4, PyArrayMethods};
use pyo3::exceptions::{PyKeyboardInterrupt, PyRuntimeError, PyStopIteration, PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict, PyList};
use std::ffi::OsString;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// How long a wait lasts before signals are looked at.
const PATIENCE: Duration = Duration::from_millis(50);

/// A run that is prepared and has not begun: the photograph `content` in the style of `style`; without a
/// style, the photograph rebuilt from its features; without a content, a texture.
///
/// content: a file, or a picture, uint8 (H, W, 3).
/// style: a file or a picture, or a list of several whose styles are blended.
/// options: those of the command line, with underscores: see help(impasto.transfer).
#[pyclass(module = "impasto", frozen)]
pub(crate) struct Run {
    prepared: Mutex<Option<Prepared>>,
    /// What is worth knowing about it, a line each.
    #[pyo3(get)]
    notes: Vec<String>,
    /// The weights' file, or "built-in".
    #[pyo3(get)]
    weights: String,
}

#[pymethods]
impl Run {
    #[new]
    #[pyo3(signature = (content=None, style=None, **options))]
    fn new(
        py: Python<'_>,
        content: Option<&Bound<'_, PyAny>>,
        style: Option<&Bound<'_, PyAny>>,
        options: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<Run> {
        let mut line = Line::default();
        let command = match (content, style) {
            (Some(_), Some(_)) => "transfer",
            (Some(_), None) => "invert",
            (None, Some(_)) => "texture",
            (None, None) => return Err(PyTypeError::new_err("give a content, a style, or both")),
        };
        for (key, value) in options.into_iter().flatten() {
            line.option(&key.extract::<String>()?, &value)?;
        }
        let mut sources = Vec::new();
        if let Some(content) = content {
            sources.push(line.source("content", content)?);
        }
        if let Some(style) = style {
            match style.cast::<PyList>().map(|list| list.iter().collect::<Vec<_>>()) {
                Ok(styles) if styles.is_empty() => {
                    return Err(PyValueError::new_err("style is an empty list"));
                }
                Ok(styles) => {
                    for style in styles {
                        sources.push(line.source("style", &style)?);
                    }
                }
                Err(_) => sources.push(line.source("style", style)?),
            }
        }
        let mut words: Vec<OsString> =
            ["impasto", command, "--output=result.png"].map(OsString::from).to_vec();
        words.append(&mut line.options);
        words.push("--".into());
        words.append(&mut sources);
        let given = line.given;
        let mut prepared = py.detach(|| prepare(&words, given)).map_err(refused_run)?;
        let notes = std::mem::take(&mut prepared.notes);
        let weights = prepared.weights.clone();
        Ok(Run { prepared: Mutex::new(Some(prepared)), notes, weights })
    }

    /// Height and width of the result, in pixels.
    #[getter]
    fn size(&self) -> PyResult<(usize, usize)> {
        self.with(|prepared| prepared.session().size())
    }

    /// How many iterations it takes, at all sizes together.
    #[getter]
    fn iterations(&self) -> PyResult<usize> {
        self.with(|prepared| prepared.session().iterations())
    }

    /// How many threads compute.
    #[getter]
    fn threads(&self) -> PyResult<usize> {
        self.with(|prepared| prepared.session().threads())
    }

    /// The losses of the picture as it is now, a dict, and the gradient of their sum with respect to its
    /// pixels, float32 (1, H, W, 3).
    fn evaluate<'py>(&self, py: Python<'py>) -> PyResult<(Bound<'py, PyDict>, Bound<'py, PyArray4<f32>>)> {
        let evaluated = py.detach(|| {
            self.with(|prepared| {
                let (losses, gradient) = prepared.session().evaluate()?;
                Ok::<_, impasto::TransferError>((losses, gradient.to_owned()))
            })
        })?;
        let (losses, gradient) = evaluated.map_err(refused)?;
        Ok((losses_of(py, &losses)?, gradient.into_pyarray(py)))
    }

    /// Paint. Ctrl-C ends the run and gives the picture so far.
    ///
    /// callback: called with a Step after each `every` iterations; the run ends if it gives False.
    ///
    /// The interpreter's lock is not held meanwhile.
    #[pyo3(signature = (callback=None, every=1))]
    fn run(&self, py: Python<'_>, callback: Option<Py<PyAny>>, every: usize) -> PyResult<Painting> {
        let every = check_every(every)?;
        let (outcome, raised) =
            py.detach(|| self.with(|prepared| watched(prepared, callback.as_ref(), every)))?;
        match raised {
            Some(error) if !error.is_instance_of::<PyKeyboardInterrupt>(py) => Err(error),
            _ => Painting::new(py, outcome.map_err(refused_run)?, self.notes.clone()),
        }
    }

    /// Paint step by step: `for step in run.steps(every=10): ...`. Leaving the loop ends the run;
    /// `steps.result` is then the Painting. The run itself is handed over.
    #[pyo3(signature = (every=1))]
    fn steps(&self, every: usize) -> PyResult<Steps> {
        let every = check_every(every)?;
        let taken = self.prepared.try_lock().map_err(|_| busy())?.take();
        let prepared = taken
            .ok_or_else(|| PyRuntimeError::new_err("this run was handed to steps() already: make another"))?;
        Ok(Steps::begin(prepared, every, self.notes.clone()))
    }
}

impl Run {
    fn with<R>(&self, use_it: impl FnOnce(&mut Prepared) -> R) -> PyResult<R> {
        let mut prepared = self.prepared.try_lock().map_err(|_| busy())?;
        let prepared = prepared.as_mut();
        let prepared = prepared
            .ok_or_else(|| PyRuntimeError::new_err("this run was handed to steps(): make another"))?;
        Ok(use_it(prepared))
    }
}

fn busy() -> PyErr {
    PyRuntimeError::new_err("this run is painting: wait until it is done, or make another")
}

fn check_every(every: usize) -> PyResult<usize> {
    match every {
        0 => Err(PyValueError::new_err("every is 0: it must be at least 1")),
        every => Ok(every),
    }
}

/// Whether an iteration is one of each `every`, or the last.
fn is_due(iteration: &Iteration<'_>, every: usize) -> bool {
    let done = iteration.index + 1;
    done.is_multiple_of(every) || done == iteration.iterations
}

/// Paints on a thread of its own, while this one looks after signals, which Python tells its main thread
/// alone, and calls
/// back. Gives the outcome, and what was raised meanwhile.
fn watched(
    prepared: &mut Prepared,
    callback: Option<&Py<PyAny>>,
    every: usize,
) -> (Result<Outcome, Failure>, Option<PyErr>) {
    let is_over = AtomicBool::new(false);
    let mut raised = None;
    let outcome = std::thread::scope(|scope| {
        let (sender, snapshots) = sync_channel::<Box<Snapshot>>(0);
        let (answer, answers) = sync_channel::<ControlFlow<()>>(0);
        let (is_over, wants_pictures) = (&is_over, callback.is_some());
        let painter = scope.spawn(move || {
            prepared.run(&mut move |iteration: &Iteration<'_>| {
                if is_over.load(Ordering::Relaxed) {
                    return ControlFlow::Break(());
                }
                if !wants_pictures || !is_due(iteration, every) {
                    return ControlFlow::Continue(());
                }
                // Whoever listens is gone only if the process is about to be.
                let sent = sender.send(Box::new(Snapshot::of(iteration)));
                sent.ok().and_then(|()| answers.recv().ok()).unwrap_or(ControlFlow::Break(()))
            })
        });
        loop {
            match snapshots.recv_timeout(PATIENCE) {
                Ok(snapshot) => {
                    let flow = Python::attach(|py| call_back(py, callback, *snapshot));
                    let flow = flow.unwrap_or_else(|error| {
                        raised.get_or_insert(error);
                        ControlFlow::Break(())
                    });
                    if answer.send(flow).is_err() {
                        break;
                    }
                }
                Err(RecvTimeoutError::Timeout) => {
                    if let Err(error) = Python::attach(|py| py.check_signals()) {
                        raised.get_or_insert(error);
                        is_over.store(true, Ordering::Relaxed);
                    }
                }
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        painter.join()
    });
    (outcome.unwrap_or_else(|panic| std::panic::resume_unwind(panic)), raised)
}

/// Shows a step; what was answered.
fn call_back(py: Python<'_>, callback: Option<&Py<PyAny>>, snapshot: Snapshot) -> PyResult<ControlFlow<()>> {
    py.check_signals()?;
    let Some(callback) = callback else { return Ok(ControlFlow::Continue(())) };
    let answer = callback.call1(py, (Step::new(py, snapshot)?,))?;
    let ends = answer.bind(py).cast::<PyBool>().is_ok_and(|answer| !answer.is_true());
    Ok(if ends { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
}

/// What of an iteration outlives it.
struct Snapshot {
    iteration: usize,
    iterations: usize,
    losses: Losses,
    progress: f64,
    picture: Array3<u8>,
}

impl Snapshot {
    fn of(iteration: &Iteration<'_>) -> Snapshot {
        Snapshot {
            iteration: iteration.index + 1,
            iterations: iteration.iterations,
            losses: iteration.losses,
            progress: iteration.progress,
            picture: iteration.picture(),
        }
    }
}

/// A run after some iterations.
#[pyclass(module = "impasto", frozen, get_all)]
pub(crate) struct Step {
    /// How many iterations are done.
    iteration: usize,
    /// How many there will be.
    iterations: usize,
    /// The share of the work that is done, from 0 to 1.
    progress: f64,
    /// The losses before the last step, weighted: content, style, tv and total.
    losses: Py<PyDict>,
    /// The picture, uint8 (H, W, 3).
    picture: Py<PyArray3<u8>>,
}

impl Step {
    fn new(py: Python<'_>, snapshot: Snapshot) -> PyResult<Step> {
        Ok(Step {
            iteration: snapshot.iteration,
            iterations: snapshot.iterations,
            progress: snapshot.progress,
            losses: losses_of(py, &snapshot.losses)?.unbind(),
            picture: snapshot.picture.into_pyarray(py).unbind(),
        })
    }
}

#[pymethods]
impl Step {
    fn __repr__(&self) -> String {
        format!("Step {} of {}", self.iteration, self.iterations)
    }

    /// The picture, for a notebook to show.
    fn _repr_png_(&self, py: Python<'_>) -> PyResult<Vec<u8>> {
        png(&self.picture.bind(py).readonly().as_array().to_owned())
    }
}

fn losses_of<'py>(py: Python<'py>, losses: &Losses) -> PyResult<Bound<'py, PyDict>> {
    let dict = PyDict::new(py);
    dict.set_item("content", losses.content)?;
    dict.set_item("style", losses.style)?;
    dict.set_item("tv", losses.tv)?;
    dict.set_item("total", losses.total)?;
    Ok(dict)
}

fn png(picture: &Array3<u8>) -> PyResult<Vec<u8>> {
    encode_png(picture.view()).map_err(refused)
}

/// The result of a run.
#[pyclass(module = "impasto", frozen, get_all)]
pub(crate) struct Painting {
    /// The picture, uint8 (H, W, 3).
    picture: Py<PyArray3<u8>>,
    /// The same before rounding, float32 (1, H, W, 3) in preprocessed units.
    image: Py<PyArray4<f32>>,
    /// Its losses, weighted: content, style, tv and total.
    losses: Py<PyDict>,
    /// Iterations that were taken.
    iterations: usize,
    /// Seconds that they took.
    seconds: f64,
    /// Whether the run was ended early.
    interrupted: bool,
    /// What is worth knowing about the run, a line each.
    notes: Vec<String>,
}

impl Painting {
    fn new(py: Python<'_>, outcome: Outcome, notes: Vec<String>) -> PyResult<Painting> {
        Ok(Painting {
            losses: losses_of(py, &outcome.losses)?.unbind(),
            iterations: outcome.iterations,
            seconds: outcome.elapsed.as_secs_f64(),
            interrupted: outcome.interrupted,
            picture: outcome.picture.into_pyarray(py).unbind(),
            image: outcome.image.into_pyarray(py).unbind(),
            notes,
        })
    }
}

#[pymethods]
impl Painting {
    /// Write the picture to a file; its extension says in which format.
    fn save(&self, py: Python<'_>, filename: PathBuf) -> PyResult<()> {
        let picture = self.picture.bind(py).readonly().as_array().to_owned();
        py.detach(|| save_image(&filename, picture.view())).map_err(refused)
    }

    /// The picture, for a notebook to show.
    fn _repr_png_(&self, py: Python<'_>) -> PyResult<Vec<u8>> {
        png(&self.picture.bind(py).readonly().as_array().to_owned())
    }

    #[pyo3(signature = (dtype=None, copy=None))]
    fn __array__<'py>(
        &self,
        py: Python<'py>,
        dtype: Option<&Bound<'py, PyAny>>,
        copy: Option<bool>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let picture = self.picture.bind(py).as_any();
        match (dtype, copy) {
            (Some(dtype), _) => picture.call_method1("astype", (dtype,)),
            (None, Some(true)) => picture.call_method0("copy"),
            (None, _) => Ok(picture.clone()),
        }
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        let shape: (usize, usize, usize) = self.picture.bind(py).getattr("shape")?.extract()?;
        let total: f64 = self.losses.bind(py).get_item("total")?.map_or(Ok(0.0), |total| total.extract())?;
        let early = if self.interrupted { ", ended early" } else { "" };
        Ok(format!(
            "Painting of {}x{} pixels after {} iterations in {:.2} s, loss {total:.1}{early}",
            shape.0, shape.1, self.iterations, self.seconds
        ))
    }
}

/// A run that is painted step by step, on a thread of its own.
#[pyclass(module = "impasto")]
pub(crate) struct Steps {
    /// Dropped, it ends the run.
    receiver: Mutex<Option<Receiver<Message>>>,
    result: Option<Py<Painting>>,
    notes: Vec<String>,
}

enum Message {
    Step(Box<Snapshot>),
    End(Box<Result<Outcome, Failure>>),
}

impl Steps {
    fn begin(mut prepared: Prepared, every: usize, notes: Vec<String>) -> Steps {
        // No step is computed ahead of the one that is waited for, but the next.
        let (sender, receiver): (SyncSender<Message>, _) = sync_channel(0);
        let to_the_end = sender.clone();
        let paint = move || {
            let outcome = prepared.run(&mut |iteration: &Iteration<'_>| {
                if !is_due(iteration, every) {
                    return ControlFlow::Continue(());
                }
                match sender.send(Message::Step(Box::new(Snapshot::of(iteration)))) {
                    Ok(()) => ControlFlow::Continue(()),
                    Err(_) => ControlFlow::Break(()),
                }
            });
            let _ = to_the_end.send(Message::End(Box::new(outcome)));
        };
        std::thread::spawn(paint);
        Steps { receiver: Mutex::new(Some(receiver)), result: None, notes }
    }

    /// The next message, with an eye on signals.
    fn next_message(&self, py: Python<'_>) -> PyResult<Option<Message>> {
        loop {
            let received = py.detach(|| {
                let receiver = self.receiver.lock().unwrap_or_else(PoisonError::into_inner);
                receiver.as_ref().map(|receiver| receiver.recv_timeout(PATIENCE))
            });
            match received {
                Some(Ok(message)) => return Ok(Some(message)),
                Some(Err(RecvTimeoutError::Timeout)) => py.check_signals()?,
                Some(Err(RecvTimeoutError::Disconnected)) | None => return Ok(None),
            }
        }
    }
}

#[pymethods]
impl Steps {
    fn __iter__(slf: PyRef<'_, Self>) -> PyRef<'_, Self> {
        slf
    }

    fn __next__(&mut self, py: Python<'_>) -> PyResult<Step> {
        match self.next_message(py)? {
            Some(Message::Step(snapshot)) => Step::new(py, *snapshot),
            Some(Message::End(outcome)) => {
                self.receiver.lock().unwrap_or_else(PoisonError::into_inner).take();
                let painting = Painting::new(py, outcome.map_err(refused_run)?, self.notes.clone())?;
                self.result = Some(Py::new(py, painting)?);
                Err(PyStopIteration::new_err(()))
            }
            None => Err(PyStopIteration::new_err(())),
        }
    }

    /// The Painting, once all steps were taken; else None.
    #[getter]
    fn result(&self, py: Python<'_>) -> Option<Py<Painting>> {
        self.result.as_ref().map(|result| result.clone_ref(py))
    }
}
