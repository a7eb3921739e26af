"""A small threaded web server whose answers depend on Python's hash seed, on set order and on the clock."""

import http.server
import json
import random
import sys
import threading
import time

PORT = 8000
counter = 0
lock = threading.Lock()


class Handler(http.server.BaseHTTPRequestHandler):
    """Answers every GET with what a deterministic run must repeat."""

    def do_GET(self):
        global counter
        with lock:
            counter += 1
            number = counter
        body = json.dumps({
            "number": number,
            "path": self.path,
            "hash": hash(self.path),
            "set": list({"a", "b", "c", "d", "e", "f"}),
            "random": random.random(),
            "time": time.time_ns(),
            "thread": threading.current_thread().name,
        })
        print(body, flush=True)
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *args):
        pass


if __name__ == "__main__":
    print(json.dumps({"action": "listening", "version": sys.version_info[:2]}), flush=True)
    http.server.ThreadingHTTPServer(("0.0.0.0", PORT), Handler).serve_forever()
