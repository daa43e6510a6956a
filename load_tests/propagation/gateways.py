"""Gateways of one worker each: on one shared socket the kernel decides who answers a probe, so
every worker that is timed has an address of its own. They share a home, as a gateway's workers
do."""

from pathlib import Path

from load_tests.free_ports import free_port
from load_tests.installation.process import Process
from load_tests.propagation.plane import HOST, SHOP


class Gateways:
    """``count`` of them, following the control plane at ``url``."""

    def __init__(self, home: Path, url: str, count: int) -> None:
        self.ports = [free_port() for _ in range(count)]
        self.processes = [
            Process(
                f"gateway {number}",
                ["gateway"],
                home.parent / f"gateway-{number}.log",
                {
                    "SIGNALBOX_HOME": str(home),
                    "SIGNALBOX_SHOP": SHOP,
                    "SIGNALBOX_GATEWAY_HOST": HOST,
                    "SIGNALBOX_GATEWAY_PORT": str(port),
                    "SIGNALBOX_GATEWAY_ID": f"probed-{number}",
                    "SIGNALBOX_GATEWAY_WORKERS": "1",
                    "SIGNALBOX_CONTROL_PLANE_URL": url,
                },
            )
            for number, port in enumerate(self.ports)
        ]

    def start(self) -> None:
        """Start all; they are ready once the prober gets an answer from each."""
        for process in self.processes:
            process.start()

    def stop(self) -> None:
        """End all."""
        for process in self.processes:
            process.stop()
