package main

import (
	"encoding/json"
	"fmt"
	"os"
	"sync"
	"time"
)

var logLock sync.Mutex

// logLine writes a line of the log as the gateway does with -log-style json.
func logLine(level, format string, args ...any) {
	text, _ := json.Marshal(struct {
		Level   string `json:"level"`
		Time    string `json:"time"`
		Message string `json:"message"`
	}{level, time.Now().UTC().Format(time.RFC3339), fmt.Sprintf(format, args...)})
	logLock.Lock()
	defer logLock.Unlock()
	_, _ = os.Stdout.Write(append(text, '\n'))
}

// fatal ends the program, as the gateway does where it does not return to its bootstrap.
func fatal(format string, args ...any) {
	logLine("fatal", format, args...)
	os.Exit(1)
}
