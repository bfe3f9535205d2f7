//! Starts the sandbox alone, for trying the command against it in a second shell. Run it with `cargo run --example
//! sandbox`; Ctrl-C ends it.

use std::time::Duration;

use dcs_wait::sandbox::{Answer, Sandbox, Story};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let sandbox = Sandbox::start().await?;
    sandbox.add_job("succeeds", Story::new().init().running().lasting(Duration::from_secs(20)).succeeds());
    sandbox.add_job("fails", Story::new().init().running().times(2).fails("the standby is not in sync"));
    let outage = Answer::http(503).body(r#"{"error_code":"APIG.0201","error_msg":"Backend timeout"}"#);
    sandbox
        .add_job("outage", Story::new().running().then(outage).lasting(Duration::from_secs(15)).running().succeeds());
    sandbox.add_job("endless", Story::new().init().running());

    println!("# A DCS endpoint for trying dcs-wait. In a second shell:");
    for (name, value) in sandbox.env() {
        println!("export {name}={value}");
    }
    println!(
        "
# Jobs to try; each begins when it is first asked for, and its end is seen at the next poll after it. They play once:
dcs-wait succeeds fails outage # side by side
dcs-wait --timeout 10s endless # is never over: status 124
# To see them one by one, start this endpoint anew (and type the new lines above):
dcs-wait succeeds              # 20 s later
dcs-wait fails                 # after 3 polls, with a reason: status 1
dcs-wait outage                # answers 503 for 15 s, then succeeds
# Ctrl-C ends the endpoint."
    );
    std::future::pending().await
}
