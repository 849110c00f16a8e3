// Command load asks a gateway for completions, all the time and in every way that clients have, and counts what was refused. It writes
// JSON, from the first answer on: a line for each request that failed, a summary each second, and the last one once it is told to end and
// nothing is under way.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"
)

// Count is what became of the requests of one kind.
type Count struct {
	Asked  int `json:"asked"`
	Failed int `json:"failed"`
	// Again is how often a kept connection ended under a request, which was then sent again.
	Again int `json:"again"`
	// Slowest is that of an answer's first byte, in milliseconds.
	Slowest int64 `json:"slowest_ms"`
}

// line is what is written: a failure or a summary.
type line struct {
	Kind   string           `json:"kind,omitempty"`
	Error  string           `json:"error,omitempty"`
	Counts map[string]Count `json:"counts,omitempty"`
	Ended  bool             `json:"ended,omitempty"`
}

// tally counts, and writes lines.
type tally struct {
	mu     sync.Mutex
	counts map[string]Count
	out    *json.Encoder
}

func (t *tally) add(kind string, took time.Duration, again int, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	c := t.counts[kind]
	c.Asked++
	c.Again += again
	c.Slowest = max(c.Slowest, took.Milliseconds())
	if err != nil {
		c.Failed++
		_ = t.out.Encode(line{Kind: kind, Error: err.Error()})
	}
	t.counts[kind] = c
}

func (t *tally) tell(ended bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	_ = t.out.Encode(line{Counts: t.counts, Ended: ended})
}

// enough answers in a row are of every gateway: the Service takes one of three by lot for each.
const enough = 30

func answered(c client) bool {
	_, _, err := kinds[0].ask(c)
	return err == nil
}

func main() {
	url := flag.String("url", "", "address of the gateway, without a path")
	key := flag.String("key", "", "virtual key")
	model := flag.String("model", "", "provider/model")
	rate := flag.Float64("rate", 10, "requests a second of each kind; of streams a tenth")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()

	c := client{url: *url, key: *key, model: *model}
	// What enforces NetworkPolicies hears of a new pod a moment after its start, on each node in its own time: before, its requests are
	// refused by the gateways there.
	for every, row := time.Tick(20*time.Millisecond), 0; row < enough && ctx.Err() == nil; <-every {
		if row++; !answered(c) {
			row = 0
		}
	}
	t := &tally{counts: map[string]Count{}, out: json.NewEncoder(os.Stdout)}
	var running sync.WaitGroup
	for _, k := range kinds {
		t.counts[k.name] = Count{}
		running.Go(func() { t.ask(ctx, k, c, time.Duration(k.every*float64(time.Second) / *rate)) })
	}
	seconds := time.NewTicker(time.Second)
	defer seconds.Stop()
	for ctx.Err() == nil {
		select {
		case <-ctx.Done():
		case <-seconds.C:
			t.tell(false)
		}
	}
	running.Wait()
	t.tell(true)
}

// ask asks at every interval, and waits for the last answers. Those under way when the program is told to end count, too.
func (t *tally) ask(ctx context.Context, k kind, c client, every time.Duration) {
	var underWay sync.WaitGroup
	defer underWay.Wait()
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		underWay.Go(func() {
			took, again, err := k.ask(c)
			t.add(k.name, took, again, err)
		})
	}
}
