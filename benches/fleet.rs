//! What a wait for very many jobs costs: CPU a poll beside a bare loop of signed GETs, memory a job, and how both grow.
//!
//! `cargo bench --bench fleet` runs each case in a process of its own, against a server that answers from memory in
//! another, and prints medians and ratios. Takes about ten minutes; `-- --quick` takes a tenth of the jobs.

use std::collections::HashMap;
use std::error::Error;
use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};
use std::time::{Duration, SystemTime};

use dcs_wait::{Client, Credentials};
use futures_util::{StreamExt as _, stream};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha256};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

const ACCESS_KEY: &str = "BENCH000000000000KEY";
const SECRET_KEY: &str = "benchSecretKey00000000000000000000000000";
/// A job is over at its third poll.
const POLLS: usize = 3;
const ROUNDS: usize = 5;

type Outcome<T> = Result<T, Box<dyn Error>>;

fn main() -> Outcome<()> {
    let args: Vec<String> = std::env::args().skip(1).filter(|arg| arg != "--bench").collect();
    let words: Vec<&str> = args.iter().map(String::as_str).collect();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    match words[..] {
        ["serve"] => runtime.block_on(serve()),
        ["wait", endpoint, jobs] => runtime.block_on(wait(endpoint, jobs.parse()?)),
        ["loop", endpoint, polls, side_by_side] => {
            runtime.block_on(bare_loop(endpoint, polls.parse()?, side_by_side.parse()?))
        }
        ["--quick"] => compare(10),
        _ => compare(1),
    }
}

/// What a process has used.
#[derive(Debug, Clone, Copy)]
struct Used {
    cpu: f64,
    peak_kib: f64,
}

fn compare(less: usize) -> Outcome<()> {
    let [few, many] = [20_000, 100_000].map(|jobs| jobs / less);
    let wait = |jobs: usize| (format!("wait_for_jobs, {jobs} jobs"), vec!["wait".to_owned(), jobs.to_string()], jobs);
    let bare = |jobs: usize, side_by_side: usize| {
        let args = ["loop".to_owned(), (jobs * POLLS).to_string(), side_by_side.to_string()];
        (format!("as many polls in a bare loop, {side_by_side} at a time"), args.to_vec(), jobs)
    };
    let cases =
        [wait(1), wait(many / 10), wait(few), bare(few, 1), bare(few, 100), wait(many), bare(many, 1), bare(many, 100)];
    // A machine may be faster at one time than at another: all cases take turns, and ratios are those within a round.
    let mut rounds = Vec::new();
    for _ in 0..ROUNDS {
        rounds.push(cases.iter().map(|(_, args, _)| run(args)).collect::<Outcome<Vec<Used>>>()?);
    }
    let of = |value: &dyn Fn(&[Used]) -> f64| median(rounds.iter().map(|round| value(round)).collect());

    println!("{:<46} {:>12} {:>12} {:>12}", format!("case (medians of {ROUNDS})"), "CPU", "CPU a poll", "peak memory");
    for (index, (name, _, jobs)) in cases.iter().enumerate() {
        let (cpu, peak) = (of(&|round| round[index].cpu), of(&|round| round[index].peak_kib));
        let a_poll = cpu * 1e6 / (jobs * POLLS) as f64;
        println!("{name:<46} {cpu:>10.2} s {a_poll:>9.1} µs {:>8.1} MiB", peak / 1024.0);
    }
    println!();
    let ratio = |own: usize, peer: usize| of(&|round| round[own].cpu / round[peer].cpu);
    for (own, peer) in [(2, 3), (2, 4), (5, 6), (5, 7)] {
        let (jobs, what) = (cases[own].2, &cases[peer].0);
        println!("CPU of {jobs} jobs to {what}: {:.2} (goal: 1.25)", ratio(own, peer));
    }
    let grown = |round: &[Used], index: usize| round[index].peak_kib - round[0].peak_kib;
    let bytes = of(&|round| grown(round, 5) * 1024.0 / many as f64);
    println!("memory a job at {many}: {bytes:.0} bytes (goal: 2048)");
    let memory = of(&|round| grown(round, 5) / grown(round, 1));
    println!("ten times the jobs: {:.1} times the CPU, {memory:.1} times the memory (goal: 11)", ratio(5, 1));
    Ok(())
}

/// Runs a case once, with a server of its own.
fn run(args: &[String]) -> Outcome<Used> {
    let exe = std::env::current_exe()?;
    let mut server = Command::new(&exe).arg("serve").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
    let mut endpoint = String::new();
    BufReader::new(server.stdout.take().ok_or("no output")?).read_line(&mut endpoint)?;
    let (case, rest) = args.split_first().ok_or("no case")?;
    let output = Command::new(&exe).arg(case).arg(endpoint.trim()).args(rest).stderr(Stdio::inherit()).output()?;
    server.kill()?;
    server.wait()?;
    let text = String::from_utf8(output.stdout)?;
    let numbers: Vec<f64> = text.split_whitespace().map(str::parse).collect::<Result<_, _>>()?;
    match numbers[..] {
        [cpu, peak_kib] => Ok(Used { cpu, peak_kib }),
        _ => Err(format!("a case has failed: {text}").into()),
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// Prints what this process has used so far, as the kernel counts it.
fn report() -> Outcome<()> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    // User and system time, in hundredths of a second.
    let ticks: f64 = fields[11].parse::<f64>()? + fields[12].parse::<f64>()?;
    let status = std::fs::read_to_string("/proc/self/status")?;
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).ok_or("no peak")?;
    println!("{} {}", ticks / 100.0, peak.trim().trim_end_matches(" kB"));
    Ok(())
}

async fn wait(endpoint: &str, jobs: usize) -> Outcome<()> {
    let credentials = Credentials::key(ACCESS_KEY, SECRET_KEY)?;
    let client = Client::builder(credentials).endpoint(endpoint).project_id("project").max_rate(1e6).build()?;
    let ids = (0..jobs).map(|number| format!("ff80808188{number:022x}"));
    let mut outcomes = client.wait_for_jobs(ids).outcomes();
    let mut over = 0;
    while let Some(outcome) = outcomes.next().await {
        outcome.result?;
        over += 1;
    }
    assert_eq!(over, jobs, "each job has an outcome");
    report()
}

/// The peer: signs and asks, and reads the answers to their ends.
async fn bare_loop(endpoint: &str, polls: usize, side_by_side: usize) -> Outcome<()> {
    let client = reqwest::Client::builder().no_proxy().tls_backend_preconfigured(no_tls()?).build()?;
    let host = endpoint.trim_start_matches("http://");
    let asks = stream::iter(0..polls).map(|number| {
        let path = format!("/v2/project/jobs/ff80808188{:022x}", number / POLLS);
        let (date, authorization) = sign(host, &path);
        let request = client.get(format!("{endpoint}{path}")).header("X-Sdk-Date", date);
        let request = request.header("X-Project-Id", "project").header("Authorization", authorization);
        async { Ok::<_, reqwest::Error>(request.send().await?.error_for_status()?.bytes().await?.len()) }
    });
    let mut answers = asks.buffer_unordered(side_by_side);
    while let Some(answer) = answers.next().await {
        assert!(answer? > 0, "an answer has a body");
    }
    report()
}

fn no_tls() -> Outcome<rustls::ClientConfig> {
    let provider = std::sync::Arc::new(rustls::crypto::ring::default_provider());
    let builder = rustls::ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    Ok(builder.with_root_certificates(rustls::RootCertStore::empty()).with_no_client_auth())
}

fn sign(host: &str, path: &str) -> (String, String) {
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let now = time::UtcDateTime::from(SystemTime::now());
    let (month, day) = (u8::from(now.month()), now.day());
    let date = format!("{}{month:02}{day:02}T{:02}{:02}{:02}Z", now.year(), now.hour(), now.minute(), now.second());
    let names = "host;x-project-id;x-sdk-date";
    let headers = format!("host:{host}\nx-project-id:project\nx-sdk-date:{date}\n");
    let canonical = format!("GET\n{path}/\n\n{headers}\n{names}\n{}", hex(&Sha256::digest(b"")));
    let to_sign = format!("SDK-HMAC-SHA256\n{date}\n{}", hex(&Sha256::digest(canonical)));
    let mut mac = Hmac::<Sha256>::new_from_slice(SECRET_KEY.as_bytes()).expect("a key of any length will do");
    mac.update(to_sign.as_bytes());
    let signature = hex(&mac.finalize().into_bytes());
    (date, format!("SDK-HMAC-SHA256 Access={ACCESS_KEY}, SignedHeaders={names}, Signature={signature}"))
}

/// Answers from memory: RUNNING, until a job's last poll.
async fn serve() -> Outcome<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("http://{}", listener.local_addr()?);
    let polls = std::rc::Rc::new(std::cell::RefCell::new(HashMap::<String, usize>::new()));
    tokio::task::LocalSet::new()
        .run_until(async {
            loop {
                let (mut stream, _) = listener.accept().await?;
                let polls = std::rc::Rc::clone(&polls);
                tokio::task::spawn_local(async move {
                    stream.set_nodelay(true)?;
                    let mut request = Vec::new();
                    loop {
                        while !request.ends_with(b"\r\n\r\n") {
                            if stream.read_buf(&mut request).await? == 0 {
                                return Ok::<_, std::io::Error>(());
                            }
                        }
                        let head = String::from_utf8_lossy(&request);
                        let id = head.split_whitespace().nth(1).and_then(|path| path.rsplit('/').next());
                        let id = id.unwrap_or_default().to_owned();
                        request.clear();
                        let answer = answer(&id, &mut polls.borrow_mut());
                        stream.write_all(answer.as_bytes()).await?;
                    }
                });
            }
        })
        .await
}

fn answer(id: &str, polls: &mut HashMap<String, usize>) -> String {
    let count = polls.entry(id.to_owned()).or_default();
    *count += 1;
    let (status, end) = if *count >= POLLS { ("SUCCESS", "\"1684191548248\"") } else { ("RUNNING", "null") };
    let body = format!(
        "{{\"job_id\":\"{id}\",\"job_type\":\"masterStandbySwapJob\",\"status\":\"{status}\",\
         \"begin_time\":\"1684191545379\",\"end_time\":{end},\"fail_reason\":null}}"
    );
    let now = httpdate::fmt_http_date(SystemTime::UNIX_EPOCH + Duration::from_millis(1_684_191_546_000));
    format!(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nDate: {now}\r\nX-Request-Id: bench\r\nContent-Length: \
         {}\r\n\r\n{body}",
        body.len()
    )
}
