//! The picture of a terminal in README: a real run, looked at about once a second. It ends as the command ends today, in a run
//! that is ten times as fast; with the variable `UPDATE_SNAPSHOTS` it is drawn anew.

mod svg;

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use dcs_wait::sandbox::{Answer, Story};
use pty_process::blocking::Command;

use crate::support::{sandbox, steady};
use crate::terminal::pty::Terminal;

const ROWS: u16 = 11;
const COLUMNS: u16 = 108;

/// What is typed is shown, and then done.
const SESSION: &str = "echo '$ dcs-wait - <jobs.txt'; dcs-wait - <jobs.txt; status=$?; echo '$ echo $?'; echo $status";

#[tokio::test]
async fn a_real_run_is_what_the_picture_shows() {
    let is_drawn = std::env::var_os("UPDATE_SNAPSHOTS").is_some();
    let second = Duration::from_millis(if is_drawn { 1000 } else { 100 });
    let outage = Answer::http(503).body(r#"{"error_code":"APIG.0201","error_msg":"Backend timeout"}"#);
    let jobs = [
        (
            "ff8080818822bbf70188235afc24141a",
            Story::new().init().running().lasting(2 * second).fails("the standby is not in sync"),
        ),
        (
            "ff80808188f1e2d30188f2a0c4e51b7d",
            Story::new().job_type("backupDCSInstance").running().then(outage).lasting(5 * second).running().succeeds(),
        ),
        (
            "ff80808189a4c7e10189a5d2f6031c9e",
            Story::new().job_type("modifyBandwidth").running().lasting(7 * second).succeeds(),
        ),
    ];
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("picture");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("jobs.txt"), jobs.each_ref().map(|(id, _)| format!("{id}\n")).concat()).unwrap();
    let sandbox = sandbox(jobs).await;

    let bin = Path::new(env!("CARGO_BIN_EXE_dcs-wait")).parent().unwrap().display().to_string();
    let usual = match is_drawn {
        true => [("INITIAL_INTERVAL", "1s"), ("MAX_INTERVAL", "10s"), ("MAX_RATE", "5")],
        false => [("INITIAL_INTERVAL", "100ms"), ("MAX_INTERVAL", "1s"), ("MAX_RATE", "50")],
    };
    let usual = usual.map(|(name, value)| (format!("DCS_WAIT_{name}"), value));
    let mut variables: Vec<(&str, &str)> = usual.iter().map(|(name, value)| (name.as_str(), *value)).collect();
    variables.push(("PATH", &bin));
    let shell = Command::new("/bin/sh").args(["-c", SESSION]).current_dir(&folder);
    let terminal = Terminal::start(shell, &sandbox, &variables);
    terminal.resize(ROWS, COLUMNS);
    if is_drawn {
        terminal.line(&["0 of 3 jobs over"]).await;
    }
    let (begun, mut screens) = (Instant::now(), Vec::new());
    // The exit status is the last thing that is written.
    while !terminal.lines().iter().any(|line| line == "1") {
        screens.push(terminal.look(svg::runs));
        assert!(begun.elapsed() < Duration::from_secs(44), "{:#?}", terminal.lines());
        // Not a whole second: what turns would seem to stand.
        tokio::time::sleep(second * 11 / 10).await;
    }
    let ends =
        [" SUCCESS  backupDCSInstance  ", " FAIL  masterStandbySwapJob  ", "dcs-wait: 3 jobs in ", "dcs-wait: hint: "];
    terminal.screen(&ends).await;
    screens.push(terminal.look(svg::runs));
    assert_eq!(terminal.end().await.status, 0);

    let picture = svg::draw(&screens, (ROWS, COLUMNS));
    assert!(picture.len() < 40 * 1024, "{}", picture.len());
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/terminal.svg");
    if is_drawn {
        return fs::write(file, picture).unwrap();
    }
    // Jobs end in any order, and a blank at the end of a row is not seen.
    let said = |picture: &str| {
        let lines = svg::said(picture, COLUMNS);
        let mut lines: Vec<_> = lines.iter().map(|line| steady(line, &sandbox).replace(' ', "")).collect();
        lines.sort();
        lines
    };
    assert_eq!(said(&picture), said(&fs::read_to_string(file).unwrap()));
}
