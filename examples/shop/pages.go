package main

import "embed"

// public is the web page. It is part of the program.
//
//go:embed public
var public embed.FS
