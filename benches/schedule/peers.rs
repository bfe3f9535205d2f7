//! What others do, as far as it is documented. Each asks again and again, knows no length and no age.

/// A schedule: the pause before the first request, and the one after so many requests, in seconds.
#[derive(Debug)]
pub(crate) struct Peer {
    pub(crate) name: &'static str,
    pub(crate) before: f64,
    pub(crate) pause: fn(u32) -> f64,
}

pub(crate) const PEERS: [Peer; 7] = [
    // Waiters of the AWS SDKs by the specification of Smithy: from 2 s, doubling to 120 s, with full jitter.
    Peer {
        name: "Smithy waiter",
        before: 0.0,
        pause: |asked| 2.0 + fastrand::f64() * (doubled(2.0, asked, 120.0) - 2.0),
    },
    // The default of google-cloud-gax for operations: from 1 s, doubling to 60 s, without jitter.
    Peer { name: "google-cloud-lro", before: 0.0, pause: |asked| doubled(1.0, asked, 60.0) },
    Peer { name: "aws elasticache wait (15 s)", before: 0.0, pause: |_| 15.0 },
    // huaweicloud_dcs_instance.
    Peer { name: "Terraform (2 s, 10 s)", before: 2.0, pause: |_| 10.0 },
    // The default interval of --cli-waiter.
    Peer { name: "KooCLI (5 s)", before: 0.0, pause: |_| 5.0 },
    Peer { name: "gh run watch (3 s)", before: 0.0, pause: |_| 3.0 },
    Peer { name: "sleep 10 in a loop", before: 0.0, pause: |_| 10.0 },
];

fn doubled(first: f64, asked: u32, most: f64) -> f64 {
    (first * 2_f64.powi(asked.saturating_sub(1).min(30) as i32)).min(most)
}
