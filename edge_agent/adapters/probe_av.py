"""How long a recording is, asked in a child process: a file that crashes a demuxer must not take the asker with it."""

import subprocess
import sys

TIMEOUT_S = 10.0


def duration(path: str) -> float | None:
    """Seconds, or None where the file does not tell."""
    command = [sys.executable, "-m", "edge_agent.adapters.probe_av", path]
    try:
        asked = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT_S, check=False)
        return float(asked.stdout)
    except (OSError, ValueError, subprocess.TimeoutExpired):
        return None


def main() -> None:
    import av

    with av.open(f"file:{sys.argv[1]}") as container:
        if container.duration:
            sys.stdout.write(f"{container.duration / av.time_base}")


if __name__ == "__main__":
    main()
