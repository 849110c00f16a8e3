package cli

import (
	"context"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/spf13/cobra"
)

// How long a command may be silent before a line says what it does, and how often a log is told so again.
const (
	patience  = 2 * time.Second
	logEvery  = 30 * time.Second
	spinEvery = 120 * time.Millisecond
)

var spinner = []rune("⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏")

// eraseLine is the control sequence that empties the line that the cursor is in (ECMA-48, EL).
const eraseLine = "\r\x1b[K"

// status says on stderr what a command does, as soon as it has been silent for two seconds: on a terminal in a line that goes again, in
// a log in a line every half minute.
type status struct {
	w        io.Writer
	terminal bool
	ticks    <-chan time.Time
	now      func() time.Time

	mu     sync.Mutex
	doing  string
	since  time.Time // what is done began, or something was written
	logged time.Time
	shown  bool
	paused bool
	frame  int
	done   chan struct{}
}

type statusKey struct{}

// statusOf is the status of a running command; nil has none.
func statusOf(cmd *cobra.Command) *status {
	ctx := cmd.Context()
	if ctx == nil {
		return nil
	}
	s, _ := ctx.Value(statusKey{}).(*status)
	return s
}

// Doing says what a command does from now on, in a few words such as "asking the registries". Nothing is shown before two seconds.
func Doing(ctx context.Context, what string) {
	s, _ := ctx.Value(statusKey{}).(*status)
	if s == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.doing, s.since, s.logged = what, s.now(), time.Time{}
}

// Pause takes the line away while a command asks its user something, until the function that it returns is called.
func Pause(ctx context.Context) (resume func()) {
	s, _ := ctx.Value(statusKey{}).(*status)
	if s == nil {
		return func() {}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.erase()
	s.paused = true
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.paused, s.since, s.logged = false, s.now(), time.Time{}
	}
}

// watched returns a context with a status on w, and what ends it.
func watched(ctx context.Context, w io.Writer) (context.Context, func()) {
	ticker := time.NewTicker(spinEvery)
	s := &status{w: w, terminal: IsTerminal(w), ticks: ticker.C, now: time.Now}
	end := s.start()
	return context.WithValue(ctx, statusKey{}, s), func() {
		end()
		ticker.Stop()
	}
}

func (s *status) start() (end func()) {
	s.since, s.done = s.now(), make(chan struct{})
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		for {
			select {
			case <-s.done:
				return
			case <-s.ticks:
				s.tick()
			}
		}
	}()
	return func() {
		close(s.done)
		<-stopped
		s.mu.Lock()
		defer s.mu.Unlock()
		s.erase()
	}
}

func (s *status) tick() {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	waited := now.Sub(s.since)
	if s.doing == "" || s.paused || waited < patience {
		return
	}
	if s.terminal {
		fmt.Fprintf(s.w, "%s%c %s (%d s)", eraseLine, spinner[s.frame%len(spinner)], s.doing, int(waited.Seconds()))
		s.frame, s.shown = s.frame+1, true
		return
	}
	if s.logged.IsZero() || now.Sub(s.logged) >= logEvery {
		fmt.Fprintf(s.w, "%s (%d s)\n", s.doing, int(waited.Seconds()))
		s.logged = now
	}
}

func (s *status) erase() {
	if s.shown {
		_, _ = io.WriteString(s.w, eraseLine)
	}
	s.shown = false
}

// over is w, before which the line goes away.
func (s *status) over(w io.Writer) io.Writer {
	if s == nil {
		return w
	}
	return &above{s, w}
}

type above struct {
	status *status
	w      io.Writer
}

// Write implements io.Writer.
func (a *above) Write(text []byte) (int, error) {
	a.status.mu.Lock()
	defer a.status.mu.Unlock()
	a.status.erase()
	a.status.since = a.status.now()
	return a.w.Write(text)
}
