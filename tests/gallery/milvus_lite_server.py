"""Serve a Milvus Lite file to other processes, print the port, and run until killed."""

import sys
import time

from milvus_lite.adapter.grpc.server import start_server_in_thread

if __name__ == "__main__":
    server, database, port = start_server_in_thread(data_dir=sys.argv[1], host="127.0.0.1", port=0)
    print(port, flush=True)
    while True:
        time.sleep(3600)
