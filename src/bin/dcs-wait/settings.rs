//! Where each setting comes from: options, then environment variables, then what came with the credentials.

use dcs_wait::{Client, ClientBuilder, Error, Login, Lookup, Search};

use crate::args::Args;

/// A value, and where it comes from.
#[derive(Debug, Clone, serde::Serialize)]
pub(crate) struct Setting {
    pub(crate) value: String,
    pub(crate) origin: String,
}

/// What the command uses, as far as it can be known without the network.
#[derive(Debug)]
pub(crate) struct Settings {
    pub(crate) search: Search,
    pub(crate) region: Option<Setting>,
    pub(crate) project_id: Option<Setting>,
    pub(crate) endpoint: Option<Setting>,
}

/// Variables in which other tools keep the region.
const REGION: [&str; 2] = ["HW_REGION_NAME", "OS_REGION_NAME"];
/// Variables in which other tools keep the project.
const PROJECT_ID: [&str; 3] = ["HUAWEICLOUD_SDK_PROJECT_ID", "HW_PROJECT_ID", "OS_PROJECT_ID"];

impl Settings {
    pub(crate) fn resolve(args: &Args) -> Self {
        let mut lookup = Lookup::new();
        if let Some(source) = args.credentials.kind() {
            lookup = lookup.only(source);
        }
        if let Some(profile) = &args.profile {
            lookup = lookup.profile(profile);
        }
        let search = lookup.search();
        let found = search.result.as_ref().ok();
        let kept = |part: fn(&Login) -> Option<&String>| {
            let found = found?;
            Some(Setting { value: part(found.login()?)?.clone(), origin: found.origin().to_owned() })
        };
        let region = option("--region", args.region.as_ref())
            .or_else(|| variable(&REGION))
            .or_else(|| kept(|login| login.region.as_ref()));
        let its_region = kept(|login| login.region.as_ref()).map(|kept| kept.value);
        // A project belongs to one region.
        let is_its_region = its_region.is_none() || its_region == region.as_ref().map(|region| region.value.clone());
        let project_id = option("--project-id", args.project_id.as_ref())
            .or_else(|| variable(&PROJECT_ID))
            .or_else(|| kept(|login| login.project_id.as_ref()).filter(|_| is_its_region));
        let of_region = |region: &Setting| {
            let name = format!("HUAWEICLOUD_SDK_REGION_DCS_{}", region.value.to_uppercase().replace('-', "_"));
            variable(&[&name])
        };
        let endpoint = option("--endpoint", args.endpoint.as_ref())
            .or_else(|| variable(&["DCS_WAIT_ENDPOINT"]))
            .or_else(|| region.as_ref().and_then(of_region));
        Self { search, region, project_id, endpoint }
    }

    /// # Errors
    ///
    /// What is missing or not usable.
    pub(crate) fn client(&self, args: &Args) -> Result<Client, Error> {
        let found = self.search.result.clone()?;
        let set =
            |setting: &Option<Setting>, builder: ClientBuilder, with: fn(ClientBuilder, String) -> ClientBuilder| {
                match setting {
                    Some(setting) => with(builder, setting.value.clone()),
                    None => builder,
                }
            };
        let mut builder = Client::builder(found).request_timeout(args.request_timeout).max_rate(args.max_rate);
        builder = set(&self.region, builder, ClientBuilder::region);
        builder = set(&self.endpoint, builder, ClientBuilder::endpoint);
        builder = set(&self.project_id, builder, ClientBuilder::project_id);
        builder = set(&variable(&["HUAWEICLOUD_SDK_IAM_ENDPOINT"]), builder, ClientBuilder::iam_endpoint);
        if let Some(path) = &args.ca_cert {
            builder = builder.ca_cert_file(path)?;
        }
        builder.build()
    }

    /// Where the credentials come from, if there are any.
    pub(crate) fn origin(&self) -> Option<&str> {
        self.search.result.as_ref().ok().map(dcs_wait::Found::origin)
    }
}

fn option(name: &str, value: Option<&String>) -> Option<Setting> {
    value.map(|value| Setting { value: value.clone(), origin: name.to_owned() })
}

/// The first of these variables that has a value.
fn variable(names: &[&str]) -> Option<Setting> {
    let value = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    names.iter().find_map(|name| Some(Setting { value: value(name)?, origin: (*name).to_owned() }))
}
