#!/bin/sh
echo "hello from kernel $(uname -r)"
