package cli

import (
	"bytes"
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// clocked is a status whose clock a test moves.
func clocked(terminal bool) (*status, *bytes.Buffer, func(seconds int)) {
	var shown bytes.Buffer
	now := time.Unix(0, 0)
	s := &status{w: &shown, terminal: terminal, now: func() time.Time { return now }}
	s.since = now
	return s, &shown, func(seconds int) {
		now = now.Add(time.Duration(seconds) * time.Second)
		s.tick()
	}
}

func TestStatusOnTerminal(t *testing.T) {
	s, shown, wait := clocked(true)
	ctx := context.WithValue(t.Context(), statusKey{}, s)
	wait(10)
	require.Empty(t, shown.String(), "nobody said what is done")
	Doing(ctx, "asking")
	wait(1)
	require.Empty(t, shown.String(), "two seconds of silence are nothing")
	wait(2)
	require.Equal(t, "\r\x1b[K⠋ asking (3 s)", shown.String())
	shown.Reset()
	_, err := s.over(shown).Write([]byte("text\n"))
	require.NoError(t, err)
	require.Equal(t, "\r\x1b[Ktext\n", shown.String(), "the line goes before a text")
	wait(1)
	require.Equal(t, "\r\x1b[Ktext\n", shown.String(), "a text is a sign of life")
	wait(1)
	require.Contains(t, shown.String(), "asking (2 s)")
	shown.Reset()
	resume := Pause(ctx)
	require.Equal(t, "\r\x1b[K", shown.String())
	wait(60)
	require.Equal(t, "\r\x1b[K", shown.String(), "nothing is drawn over a question")
	resume()
	wait(2)
	require.Contains(t, shown.String(), "asking (2 s)")
}

func TestStatusInLog(t *testing.T) {
	s, shown, wait := clocked(false)
	Doing(context.WithValue(t.Context(), statusKey{}, s), "asking")
	for range 70 {
		wait(1)
	}
	require.Equal(t, "asking (2 s)\nasking (32 s)\nasking (62 s)\n", shown.String())
}

func TestStatusEnds(t *testing.T) {
	ticks := make(chan time.Time)
	s := &status{w: &bytes.Buffer{}, terminal: true, ticks: ticks, now: time.Now}
	end := s.start()
	ticks <- time.Now()
	end()
	Doing(t.Context(), "nobody watches")
	Pause(t.Context())()
}
