//! The table of commands.
//!
//! A new command is a file with a type that implements [`Run`] (a `clap::Args` whose doc comment and
//! `after_help` are its help), a `mod` line and a line in the table.

mod cache;
mod completion;
mod config;
mod create_token;
mod credential;
mod demo;
mod gate;
mod get;
mod login;
mod proxy;
mod review;
mod whoami;

use crate::connection_flags::ConnectionFlags;
use crate::report::Report;

/// A command with its flags.
pub(crate) trait Run {
    /// Runs it. `before` holds the connection flags that stand before the command's name.
    fn run(self, before: ConnectionFlags) -> Result<(), Report>;
}

/// An enum of commands for clap, in the order of the help, and which code runs each.
macro_rules! commands {
    ($(#[$about:meta])* $name:ident { $($(#[$attribute:meta])* $command:ident: $flags:ty,)* }) => {
        $(#[$about])*
        #[derive(clap::Subcommand)]
        pub(crate) enum $name {
            $($(#[$attribute])* $command(Box<$flags>),)*
        }

        impl $crate::commands::Run for $name {
            fn run(
                self,
                before: $crate::connection_flags::ConnectionFlags,
            ) -> Result<(), $crate::report::Report> {
                match self {
                    $(Self::$command(command) => command.run(before),)*
                }
            }
        }
    };
}
pub(crate) use commands;

pub(crate) use config::help as config_help;

commands! {
    /// What the program can do.
    Command {
        #[command(hide = true)]
        Auth: whoami::Auth,
        Cache: cache::Cache,
        #[command(hide = true)]
        Clean: login::Clean,
        Completion: completion::Completion,
        Config: config::Config,
        #[command(hide = true)]
        Create: create_token::Create,
        CreateToken: create_token::CreateToken,
        Credential: credential::Credential,
        Demo: demo::Demo,
        DemoBrowser: demo::DemoBrowser,
        DemoPlugin: demo::DemoPlugin,
        Gate: gate::GateCommand,
        Get: get::Get,
        Proxy: proxy::Proxy,
        Review: review::Review,
        Whoami: whoami::Whoami,
        GetToken: login::GetToken,
        Login: login::Login,
        Logout: login::Logout,
        Status: login::LoginStatus,
        Setup: login::Setup,
    }
}
