import os
import unittest
from unittest import mock

import hello


class Greeting(unittest.TestCase):
    def test_greets_the_world(self) -> None:
        self.assertEqual(hello.greeting(), "Hello, world!")

    def test_greets_by_name(self) -> None:
        self.assertEqual(hello.greeting("Ana"), "Hello, Ana!")


class Page(unittest.TestCase):
    @mock.patch.dict(os.environ, {"COMMIT": "0123456789abcdef", "ENVIRONMENT": "homolog"})
    def test_says_which_commit_runs_where(self) -> None:
        self.assertIn("commit <code>0123456</code> in homolog", hello.page())

    @mock.patch.dict(os.environ, {"ENVIRONMENT": "<script>"})
    def test_never_takes_the_environment_for_markup(self) -> None:
        self.assertNotIn("<script>", hello.page())


class WarmUp(unittest.TestCase):
    @mock.patch.dict(os.environ, {"WARM_UP_SECONDS": "30"})
    def test_is_not_ready_before_its_time(self) -> None:
        self.assertFalse(hello.warm(29))
        self.assertTrue(hello.warm(30))


if __name__ == "__main__":
    unittest.main()
