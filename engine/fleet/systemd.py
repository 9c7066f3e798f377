"""systemd: a service and a timer that all merchants share, and a target that starts the timers.

Checked with `systemd-analyze verify` and `calendar` of systemd 252; what a key means is in
systemd.service(5), systemd.timer(5) and systemd.exec(5).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from .merchants import DAY, HOUR, ZONE, Scheduled, states

UNIT = "qliro-fortnox"

_SERVICE = """\
[Unit]
Description=Qliro to Fortnox for %i
Documentation=man:systemd.service(5)
After=network-online.target
Wants=network-online.target

[Service]
Type=oneshot
User=qliro-fortnox
WorkingDirectory={home}
EnvironmentFile={home}/%i.env
ExecStart={home}/.venv/bin/qliro-fortnox run %i --quiet
# 3: done, but items need a person; leave it out if a failed unit is how people hear of them.
# 75: another run is under way or a server is down; the next turn of the timer tries again.
SuccessExitStatus=3 75
TimeoutStartSec=1h
# After SIGTERM a run ends when its request in flight has been answered.
TimeoutStopSec=60

NoNewPrivileges=yes
ProtectSystem=strict
ProtectHome=read-only
PrivateTmp=yes
PrivateDevices=yes
ReadWritePaths={states}
UMask=0077
"""

_TIMER = """\
[Unit]
Description=Qliro to Fortnox for %i, {often}
PartOf={unit}.target

[Timer]
OnCalendar={calendar}
# Merchants do not all begin at once; each has its own delay, the same each time.
RandomizedDelaySec={spread}
FixedRandomDelay=true
AccuracySec=10s
Persistent=true
"""

_TARGET = """\
[Unit]
Description=Qliro to Fortnox for all merchants
{timers}

[Install]
WantedBy=timers.target
"""


def files(merchants: Sequence[Scheduled], every: int, home: str) -> Mapping[str, str]:
    """The units by file name, for /etc/systemd/system. ``home`` has merchants/ and .venv/ there,
    and a NAME.env for each merchant."""
    if every == DAY:
        calendar, often, spread = f"*-*-* {HOUR:02}:00:00 {ZONE}", "every morning", "1h"
    else:
        calendar = "hourly" if every == 60 else f"*:0/{every}"
        often, spread = f"every {every} minutes", f"{every}min"
    timers = "\n".join(f"Wants={UNIT}@{one.name}.timer" for one in merchants)
    return {
        f"{UNIT}@.service": _SERVICE.format(home=home, states=" ".join(states(merchants, home))),
        f"{UNIT}@.timer": _TIMER.format(unit=UNIT, often=often, calendar=calendar, spread=spread),
        f"{UNIT}.target": _TARGET.format(timers=timers),
    }
