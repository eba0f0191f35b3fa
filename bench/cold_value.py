"""A cold start of the tracking function: import its handler, handle the event in the first argument."""

import ast
import os
import sys

from track.handler import handler

os._exit(0 if handler(ast.literal_eval(sys.argv[1]), None)["statusCode"] == 200 else 1)
