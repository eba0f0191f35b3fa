"""The minimal cold start with one write: import boto3, make a client, put the item in the first argument."""

import ast
import os
import sys

import boto3

boto3.client("dynamodb").put_item(TableName="ledger", Item=ast.literal_eval(sys.argv[1]))
os._exit(0)
