//! What the machine and its users do to a run on its way: signals, folders that vanish, limits. The work is not lost.

use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::sync::Arc;
use std::thread::sleep;
use std::time::{Duration, Instant};

use libtest_mimic::Trial;
use serde_json::Value;

use crate::sandbox::{SHORT, Sandbox, end};

pub(crate) fn trials(weights: &Arc<PathBuf>) -> Vec<Trial> {
    let mut trials = crate::trials!(weights;
        faults::an_interrupt_writes_the_picture_so_far,
        faults::a_signal_before_the_first_iteration_ends_at_once,
        faults::a_result_without_its_folder_goes_elsewhere,
        faults::a_trace_that_cannot_go_on_ends_in_a_whole_line,
        faults::snapshots_that_cannot_be_written_end_no_run,
        faults::traces_are_files,
        faults::a_link_leads_the_result_to_its_target,
        faults::a_loss_that_rose_is_told,
        faults::a_demo_whose_folder_cannot_be_made_leaves_its_picture,
    );
    #[cfg(target_os = "linux")]
    trials.extend(crate::trials!(weights;
        faults::a_closed_terminal_writes_the_picture_so_far,
        faults::hanging_up_twice_asks_once,
        faults::an_ignored_signal_stays_ignored,
        faults::many_threads_are_limited,
        faults::pictures_through_pipes,
        faults::memory_that_is_limited,
    ));
    trials
}

/// Whether this process ignores SIGHUP, as `nohup` lets it, and so would every run that it starts.
#[cfg(target_os = "linux")]
fn hangups_are_ignored() -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    // SIGHUP is 1, the lowest bit.
    mask.is_some_and(|mask| u64::from_str_radix(mask.trim(), 16).is_ok_and(|mask| mask & 1 == 1))
}

#[cfg(not(target_os = "linux"))]
fn hangups_are_ignored() -> bool {
    false
}

/// A run that ends only when it is told to.
const ENDLESS: &str =
    "transfer content.png style.png --size 32 --smallest 23 --iterations 100000000 --trace t.jsonl";

fn start(mut command: Command) -> Child {
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

/// Waits until the trace has this many lines.
fn wait_for_lines(sandbox: &Sandbox, count: usize) {
    let start = Instant::now();
    let lines = || fs::read_to_string(sandbox.path("t.jsonl")).map_or(0, |trace| trace.lines().count());
    while lines() < count {
        assert!(start.elapsed() < Duration::from_secs(60), "no {count} iterations in a minute");
        sleep(Duration::from_millis(10));
    }
}

fn send(signal: &str, running: &Child) {
    let status = Command::new("kill").args([signal, &running.id().to_string()]).status();
    assert!(status.unwrap().success());
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

/// Ends an endless run by a signal after its first iterations.
fn ended_by(sandbox: &Sandbox, signal: &str) -> Output {
    let running = start(sandbox.command(&format!("{ENDLESS} -o o.png --json")));
    wait_for_lines(sandbox, 3);
    send(signal, &running);
    running.wait_with_output().unwrap()
}

fn has_the_picture_so_far(sandbox: &Sandbox, signal: &str, code: i32) {
    let output = ended_by(sandbox, signal);
    assert_eq!(output.status.code(), Some(code), "{signal}: {output:?}");
    // The run was at the first of its sizes, the result has another.
    assert_eq!(sandbox.picture("o.png").dim(), (32, 42, 3));
    let summary: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(summary["interrupted"], true);
    let trace = fs::read_to_string(sandbox.path("t.jsonl")).unwrap();
    assert!(trace.ends_with('\n'));
    assert_eq!(summary["iterations"], trace.lines().count());
    fs::remove_file(sandbox.path("t.jsonl")).unwrap();
    fs::remove_file(sandbox.path("o.png")).unwrap();
}

pub(crate) fn an_interrupt_writes_the_picture_so_far(sandbox: &Sandbox) {
    has_the_picture_so_far(sandbox, "-INT", 130);
    has_the_picture_so_far(sandbox, "-TERM", 143);
}

#[cfg(target_os = "linux")]
pub(crate) fn a_closed_terminal_writes_the_picture_so_far(sandbox: &Sandbox) {
    assert!(!hangups_are_ignored(), "run this test without nohup");
    has_the_picture_so_far(sandbox, "-HUP", 129);
}

/// The terminal hangs up, and then its shell.
#[cfg(target_os = "linux")]
pub(crate) fn hanging_up_twice_asks_once(sandbox: &Sandbox) {
    assert!(!hangups_are_ignored(), "run this test without nohup");
    let running = start(sandbox.command(&format!("{ENDLESS} -o o.png")));
    wait_for_lines(sandbox, 3);
    send("-HUP", &running);
    send("-HUP", &running);
    assert_eq!(running.wait_with_output().unwrap().status.code(), Some(129));
    assert_eq!(sandbox.picture("o.png").dim(), (32, 42, 3));
}

#[cfg(target_os = "linux")]
pub(crate) fn an_ignored_signal_stays_ignored(sandbox: &Sandbox) {
    let command = sandbox.command(&format!("{ENDLESS} -o o.png"));
    let mut ignoring = Command::new("sh");
    ignoring
        .args(["-c", "trap '' HUP; exec \"$@\"", "sh"])
        .arg(command.get_program())
        .args(command.get_args());
    ignoring.current_dir(sandbox.path("")).env("IMPASTO_WEIGHTS", sandbox.weights());
    let mut running = start(ignoring);
    wait_for_lines(sandbox, 3);
    send("-HUP", &running);
    let lines = fs::read_to_string(sandbox.path("t.jsonl")).unwrap().lines().count();
    wait_for_lines(sandbox, lines + 20);
    assert_eq!(running.try_wait().unwrap(), None);
    send("-TERM", &running);
    assert_eq!(running.wait_with_output().unwrap().status.code(), Some(143));
}

pub(crate) fn a_signal_before_the_first_iteration_ends_at_once(sandbox: &Sandbox) {
    // Opening a pipe waits until somebody writes to it.
    assert!(Command::new("mkfifo").arg(sandbox.path("pipe.png")).status().unwrap().success());
    for (signal, code) in [("-INT", 130), ("-TERM", 143)] {
        let running = start(sandbox.command("transfer pipe.png style.png -o o.png"));
        sleep(Duration::from_millis(300));
        send(signal, &running);
        let status = running.wait_with_output().unwrap().status;
        // Where the command had not yet begun to listen, the signal itself ended it.
        assert!(status.code() == Some(code) || status.signal() == Some(code - 128), "{status}");
    }
    assert!(!sandbox.path("o.png").exists());
}

pub(crate) fn a_result_without_its_folder_goes_elsewhere(sandbox: &Sandbox) {
    fs::create_dir(sandbox.path("folder")).unwrap();
    sandbox.write("o-rescued.png", b"somebody else's");
    let running = start(sandbox.command(&format!("{ENDLESS} -o folder/o.jpg")));
    wait_for_lines(sandbox, 3);
    fs::remove_dir(sandbox.path("folder")).unwrap();
    send("-INT", &running);
    let output = running.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let stderr = text(&output.stderr);
    let mentions =
        ["error: the picture was saved as ", "o-rescued-2.png instead", "there is no folder folder"];
    for mention in mentions {
        assert!(stderr.contains(mention), "{mention}: {stderr}");
    }
    assert_eq!(sandbox.picture("o-rescued-2.png").dim(), (32, 42, 3));
    assert_eq!(sandbox.bytes("o-rescued.png"), b"somebody else's");

    // Where the current folder is gone too, the folder for temporary files takes it.
    for folder in ["here", "temporary"] {
        fs::create_dir(sandbox.path(folder)).unwrap();
    }
    fs::remove_file(sandbox.path("t.jsonl")).unwrap();
    let line =
        "transfer ../content.png ../style.png --size 32 --iterations 100000000 --trace ../t.jsonl -o o.png";
    let mut command = sandbox.command(line);
    command.current_dir(sandbox.path("here")).env("TMPDIR", sandbox.path("temporary"));
    let running = start(command);
    wait_for_lines(sandbox, 3);
    fs::remove_dir(sandbox.path("here")).unwrap();
    send("-INT", &running);
    let output = running.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(text(&output.stderr).contains("temporary/o-rescued.png instead"), "{output:?}");
    assert_eq!(sandbox.picture("temporary/o-rescued.png").dim(), (32, 42, 3));
}

/// The command under a limit of the shell's: `-f 1` on the length of files, in blocks of 512 or 1024 bytes, `-v 1` on memory,
/// in KiB.
fn limited(sandbox: &Sandbox, limit: &str, line: &str) -> Command {
    let command = sandbox.command(line);
    let mut limited = Command::new("sh");
    let script = format!("ulimit {limit}; exec \"$@\"");
    limited.args(["-c", &script, "sh"]).arg(command.get_program()).args(command.get_args());
    limited.current_dir(sandbox.path("")).env("IMPASTO_WEIGHTS", sandbox.weights());
    limited
}

pub(crate) fn a_trace_that_cannot_go_on_ends_in_a_whole_line(sandbox: &Sandbox) {
    // The picture has 4 KB at most, the trace would have more than 40.
    let line = "transfer content.png style.png -o o.png --size 32 --iterations 300 --trace t.jsonl --quiet";
    let ended = end(limited(sandbox, "-f 16", line));
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_eq!(ended.stderr.lines().count(), 1, "{ended:?}");
    for mention in ["warning: ", "t.jsonl", "goes on without the rest of the trace"] {
        assert!(ended.stderr.contains(mention), "{ended:?}");
    }
    assert_eq!(sandbox.picture("o.png").dim(), (32, 42, 3));
    let trace = fs::read_to_string(sandbox.path("t.jsonl")).unwrap();
    assert!(trace.ends_with('\n') && (10..300).contains(&trace.lines().count()), "{trace}");
    for (index, line) in trace.lines().enumerate() {
        assert_eq!(serde_json::from_str::<Value>(line).unwrap()["iteration"], index);
    }

    // A result beyond the limit is an error like others, and leaves nothing behind.
    let line = format!("transfer content.png style.png -o o.bmp {SHORT}");
    let mut command = limited(sandbox, "-f 1", &line);
    fs::create_dir(sandbox.path("temporary")).unwrap();
    command.env("TMPDIR", sandbox.path("temporary"));
    let ended = end(command);
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.stderr.contains("error: the picture is lost"), "{ended:?}");
    assert!(!sandbox.path("o.bmp").exists());
    let hidden = fs::read_dir(sandbox.path("")).unwrap().flatten();
    assert_eq!(hidden.filter(|entry| entry.file_name().to_string_lossy().starts_with('.')).count(), 0);
}

pub(crate) fn snapshots_that_cannot_be_written_end_no_run(sandbox: &Sandbox) {
    let running =
        start(sandbox.command(&format!("{ENDLESS} -o o.png --snapshots steps --snapshot-every 400 --quiet")));
    wait_for_lines(sandbox, 1);
    // Where the folder would be made, there is a file.
    sandbox.write("steps", b"");
    wait_for_lines(sandbox, 1300);
    send("-INT", &running);
    let output = running.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130), "{output:?}");
    let stderr = text(&output.stderr);
    assert_eq!(stderr.lines().count(), 1, "{stderr}");
    assert!(stderr.starts_with("warning: ") && stderr.contains("without further snapshots"), "{stderr}");
    assert_eq!(sandbox.picture("o.png").dim(), (32, 42, 3));
}

pub(crate) fn traces_are_files(sandbox: &Sandbox) {
    assert!(Command::new("mkfifo").arg(sandbox.path("pipe")).status().unwrap().success());
    for trace in ["pipe", "/dev/null"] {
        let running = start(
            sandbox.command(&format!("transfer content.png style.png -o o.png {SHORT} --trace {trace}")),
        );
        let output = running.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        let stderr = text(&output.stderr);
        assert!(stderr.contains(trace) && stderr.contains("no file"), "{stderr}");
    }
    assert!(!sandbox.path("o.png").exists());
}

pub(crate) fn a_link_leads_the_result_to_its_target(sandbox: &Sandbox) {
    use std::os::unix::fs::{PermissionsExt, symlink};
    fs::create_dir(sandbox.path("far")).unwrap();
    sandbox.write("far/result.png", b"");
    fs::set_permissions(sandbox.path("far/result.png"), fs::Permissions::from_mode(0o600)).unwrap();
    symlink("far/result.png", sandbox.path("link.png")).unwrap();
    sandbox.done(&format!("transfer content.png style.png -o link.png {SHORT}"));
    assert!(sandbox.path("link.png").is_symlink());
    assert_eq!(sandbox.picture("far/result.png").dim(), (32, 42, 3));
    assert_eq!(fs::metadata(sandbox.path("far/result.png")).unwrap().permissions().mode() & 0o777, 0o600);
}

pub(crate) fn a_loss_that_rose_is_told(sandbox: &Sandbox) {
    let line = "transfer content.png style.png -o o.png --size 32 --iterations 20";
    let ended = sandbox.done(&format!("{line} --learning-rate 1e6"));
    assert!(ended.stderr.contains("warning: the loss rose from "), "{ended:?}");
    assert!(ended.stderr.contains("smaller --learning-rate"), "{ended:?}");
    let ended = end(sandbox.command_without_weights(line));
    assert!(ended.code == Some(0) && !ended.stderr.contains("rose"), "{ended:?}");
}

pub(crate) fn a_demo_whose_folder_cannot_be_made_leaves_its_picture(sandbox: &Sandbox) {
    let running = start(sandbox.command("demo --size 32 --iterations 100000000 --output-dir here/demo"));
    sleep(Duration::from_millis(1000));
    // Where the folder would be made, there is a file.
    sandbox.write("here", b"");
    send("-INT", &running);
    let output = running.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(text(&output.stderr).contains("town-swirl-rescued.png instead"), "{output:?}");
    assert_eq!(sandbox.picture("town-swirl-rescued.png").dim().0, 32);
}

#[cfg(target_os = "linux")]
pub(crate) fn many_threads_are_limited(sandbox: &Sandbox) {
    let mut command = sandbox.command(&format!("{ENDLESS} -o o.png"));
    command.env("RAYON_NUM_THREADS", "1000000");
    let running = start(command);
    wait_for_lines(sandbox, 1);
    let status = fs::read_to_string(format!("/proc/{}/status", running.id())).unwrap();
    send("-TERM", &running);
    assert_eq!(running.wait_with_output().unwrap().status.code(), Some(143));
    let threads = status.lines().find_map(|line| line.strip_prefix("Threads:")).unwrap();
    // Those that resize pictures, and those of the run.
    let threads: usize = threads.trim().parse().unwrap();
    assert!((1024..=2 * 1024 + 10).contains(&threads), "{threads}");
}

#[cfg(target_os = "linux")]
pub(crate) fn pictures_through_pipes(sandbox: &Sandbox) {
    // What made a picture that came through a pipe is another command.
    let file = |line: &str| {
        sandbox.done(line);
        sandbox.bytes("o.png")
    };
    let expected = file(&format!("transfer content.png style.png -o o.png {SHORT} --no-record"));
    let piped = |line: &str, input: &str| {
        let mut command = sandbox.command(line);
        command.stdin(fs::File::open(sandbox.path(input)).unwrap());
        command.output().unwrap()
    };
    let output = piped(&format!("transfer - style.png -o - {SHORT} --no-record"), "content.png");
    assert!(output.status.success(), "{output:?}");
    assert_eq!(output.stdout, expected);
    assert!(text(&output.stderr).contains("standard output (32x42"), "{output:?}");
    assert_eq!(
        piped(&format!("transfer content.png - -o - {SHORT} --no-record"), "style.png").stdout,
        expected
    );
    let started = file("texture content.png -o o.png --init style.png --size 40 --iterations 2 --no-record");
    assert_eq!(
        piped("texture content.png -o - --init - --size 40 --iterations 2 --no-record", "style.png").stdout,
        started
    );

    sandbox.write("empty", b"");
    let output = piped("transfer - style.png -o p.png", "empty");
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(text(&output.stderr).contains("standard input"), "{output:?}");
    sandbox.refused("transfer - - -o p.png", 2, &["standard input is named twice"]);
    sandbox.refused("transfer content.png style.png -o - --json", 2, &["-o FILE"]);
    // Nobody reads: the picture is not lost.
    let mut command = sandbox.command(&format!("transfer content.png style.png -o - {SHORT} --no-record"));
    command.stdout(fs::OpenOptions::new().write(true).open("/dev/full").unwrap());
    let ended = end(command);
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.stderr.contains("impasto-rescued.png instead"), "{ended:?}");
    assert_eq!(sandbox.bytes("impasto-rescued.png"), expected);
}

/// Whatever the limit, a run ends well or with an error, and never by an abort.
#[cfg(target_os = "linux")]
pub(crate) fn memory_that_is_limited(sandbox: &Sandbox) {
    let line = "transfer content.png style.png -o o.png --size 192 --iterations 2 --threads 2";
    let mut codes = Vec::new();
    for kibibytes in [32_000, 60_000, 120_000, 200_000, 260_000, 320_000, 2_000_000] {
        let mut limited = limited(sandbox, &format!("-v {kibibytes}"), line);
        // Threads take address space, and machines differ.
        limited.env("RAYON_NUM_THREADS", "2");
        let ended = end(limited);
        // The standard library has words of its own for an allocation that fails.
        let is_told =
            ended.stderr.starts_with("error: ") || ended.stderr.starts_with("memory allocation of ");
        assert!(ended.code == Some(0) || (ended.code == Some(1) && is_told), "{kibibytes}: {ended:?}");
        codes.push(ended.code);
    }
    assert_eq!((codes[0], codes[6]), (Some(1), Some(0)), "{codes:?}");
}
