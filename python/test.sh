#!/usr/bin/env bash
# Builds the Python package as `pip install ./python` does, into an environment of its own, and tries everything.
# `python/test.sh --release` builds it as users do; without, the workspace's development build is reused.
set -euo pipefail
cd "$(dirname "$0")/.."

if [ "${1:-}" = --release ]; then
    shift
else
    export MATURIN_PEP517_ARGS="--profile dev"
fi
environment="target/python-$(python3 -c 'import platform; print(platform.python_version())')"
[ -x "$environment/bin/python" ] || python3 -m venv "$environment"
"$environment/bin/pip" install --quiet --disable-pip-version-check "./python[test]"
# Away from the sources, so that what is tried is what was installed.
cd python/tests
exec "../../$environment/bin/python" -m pytest --quiet -p no:cacheprovider "$@"
