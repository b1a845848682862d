import http.client
import os
import subprocess
import sys
import time
import unittest


class Service(unittest.TestCase):
    def setUp(self) -> None:
        environment = {**os.environ, "PORT": "0", "WARM_UP_SECONDS": "0", "ENVIRONMENT": "smoke"}
        self.service = subprocess.Popen(
            [sys.executable, "-u", "hello.py"],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self.addCleanup(self.service.stdout.close)
        self.addCleanup(self.service.wait)
        self.addCleanup(self.service.kill)
        port = int(self.service.stdout.readline().rsplit(maxsplit=1)[-1])
        self.client = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        self.addCleanup(self.client.close)

    def get(self, path: str) -> tuple[int, str]:
        self.client.request("GET", path)
        response = self.client.getresponse()
        return response.status, response.read().decode()

    def test_is_healthy_and_greets(self) -> None:
        self.assertEqual(self.get("/healthz")[0], 200)
        status, body = self.get("/")
        self.assertEqual(status, 200)
        self.assertIn("in smoke", body)
        self.assertEqual(self.get("/elsewhere")[0], 404)

    def test_keeps_the_connection_open(self) -> None:
        self.get("/healthz")
        before = self.client.sock
        self.get("/healthz")
        self.assertIs(self.client.sock, before)

    def test_answers_what_is_under_way_before_it_ends(self) -> None:
        self.client.request("GET", "/slow")
        time.sleep(0.3)
        self.service.terminate()
        response = self.client.getresponse()
        self.assertEqual(response.status, 200)
        self.assertIn("Hello", response.read().decode())
        self.assertEqual(self.service.wait(timeout=5), 0)

    def test_ends_at_once_when_nothing_is_under_way(self) -> None:
        self.get("/healthz")  # leaves an idle connection open
        begun = time.monotonic()
        self.service.terminate()
        self.assertEqual(self.service.wait(timeout=5), 0)
        self.assertLess(time.monotonic() - begun, 1.5)


if __name__ == "__main__":
    unittest.main()
