"""`kiosk run`: the daemon that owns the gate."""

from kiosk.cli.place import ConfigOption, StateOption, config_path


def command(config: ConfigOption = None, state: StateOption = None) -> None:
    """Serve the gate until SIGTERM: camera and readers in, lock out, every visit recorded.

    A second daemon on the same state directory ends at once and touches no pin. Visits that a
    crash or a power cut left open are taken to a safe state first: see `kiosk ledger tail`.

    Example: kiosk run --config /etc/kiosk/kiosk.toml

    Exit 2 when the configuration is wrong, 3 when a device or its library is missing, 4 when
    there are no signed rules yet and the hub cannot give them.
    """
    from kiosk.daemon.app import run
    from kiosk.logs import configure
    from kiosk.settings import load

    settings = load(config_path(config, state))
    configure(settings.log.level)
    run(settings)
