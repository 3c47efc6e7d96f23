#!/bin/sh
# Installs Debian's rabbitmq-server for its programs only: no new service runs afterwards, now or at the next boot. Needs
# root. Debian asks policy-rc.d before it starts a service; ours refuses and is removed at the end.
set -eu
export DEBIAN_FRONTEND=noninteractive

policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
    trap 'rm -f "$policy"' EXIT
    trap 'exit 1' HUP INT TERM
    printf '#!/bin/sh\n# saga: no service starts while RabbitMQ is installed\nexit 101\n' >"$policy"
    chmod 755 "$policy"
fi

units=rabbitmq-server.service
# An Erlang that was installed before keeps its port mapper.
dpkg-query --show erlang-base >/dev/null 2>&1 || units="$units epmd.service epmd.socket"

apt-get update
apt-get -o DPkg::Lock::Timeout=300 install --yes --no-install-recommends rabbitmq-server

if [ -d /run/systemd/system ]; then
    # shellcheck disable=SC2086 # a list of words
    systemctl disable --now $units
elif command -v update-rc.d >/dev/null; then
    update-rc.d rabbitmq-server disable
fi
