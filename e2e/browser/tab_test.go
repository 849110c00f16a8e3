package browser

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
)

// patience is how long a page may take on a machine that has much else to do.
const patience = 2 * time.Minute

// cache keeps the scripts from npm.
const cache = "../.bin/npm"

// browser is the one that all tests share; nil where there is none.
var browser context.Context

func TestMain(m *testing.M) {
	os.Exit(run(m))
}

func run(m *testing.M) int {
	path, err := find()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		if os.Getenv("CI") == "true" {
			return 1
		}
		return 0
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.DisableGPU, chromedp.WSURLReadTimeout(patience))
	if os.Getuid() == 0 {
		options = append(options, chromedp.NoSandbox) // Chromium's own refuses to run as root
	}
	allocator, stop := chromedp.NewExecAllocator(context.Background(), options...)
	defer stop()
	ctx, end := chromedp.NewContext(allocator)
	defer end()
	if err := chromedp.Do(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "start", path+":", err)
		return 1
	}
	browser = ctx
	return m.Run()
}

func find() (string, error) {
	if os.Getenv("PAGES") == "" {
		return "", fmt.Errorf("PAGES names no folder with pages: skipped; run make browser")
	}
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", fmt.Errorf("no chromium on PATH: skipped; on Debian: apt-get install chromium")
}

// pages are the files of an ending, of which there must be some.
func pages(t *testing.T, pattern string) []string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(os.Getenv("PAGES"), pattern))
	require.NoError(t, err)
	require.NotEmpty(t, found, pattern)
	return found
}

// tab is one of the browser, with what went wrong in it.
type tab struct {
	t   *testing.T
	ctx context.Context

	mu     sync.Mutex
	wrong  []string
	loaded []string
}

func open(t *testing.T) *tab {
	t.Helper()
	ctx, end := chromedp.NewContext(browser)
	t.Cleanup(end)
	tab := &tab{t: t, ctx: ctx}
	// The first call opens the tab, which lives as long as the context of that call: it must be one without a deadline.
	require.NoError(t, chromedp.Do(ctx))
	require.NoError(t, chromedp.Listen(ctx, tab.hear))
	tab.do(call(network.Enable, network.EnableParams{}), call(log.Enable, cdp.Empty{}))
	return tab
}

func (b *tab) hear(event any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch event := event.(type) {
	case *runtime.EventExceptionThrown:
		b.wrong = append(b.wrong, fmt.Sprint(event.ExceptionDetails.Text, event.ExceptionDetails.Exception))
	case *runtime.EventConsoleAPICalled:
		if event.Type == runtime.ConsoleAPICalledTypeError || event.Type == runtime.ConsoleAPICalledTypeWarning {
			b.wrong = append(b.wrong, fmt.Sprint("console: ", event.Args))
		}
	case *log.EventEntryAdded:
		b.wrong = append(b.wrong, event.Entry.Text)
	case *network.EventRequestWillBeSent:
		b.loaded = append(b.loaded, event.Request.URL)
	}
}

func (b *tab) do(actions ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	ctx, stop := context.WithTimeout(b.ctx, patience)
	defer stop()
	require.NoError(b.t, chromedp.Do(ctx, actions...))
}

// call is a command of the browser's protocol.
func call[P, R any](command cdp.Command[P, R], params P) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, command, params)
		return err
	})
}

// js runs a text of JavaScript.
func js(text string) chromedp.Action[chromedp.Void] { return chromedp.Evaluate[chromedp.Void](text) }

// click clicks on the first element that a CSS selector finds.
func click(selector string) chromedp.Action[chromedp.Void] {
	return chromedp.Click(chromedp.CSS(selector))
}

// eval is what an expression says, also one that promises it.
func eval[T any](b *tab, expression string) T {
	b.t.Helper()
	ctx, stop := context.WithTimeout(b.ctx, patience)
	defer stop()
	value, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
	require.NoError(b.t, err)
	return value
}

// look is how a reader looks at a page.
type look struct {
	theme  string
	width  int64
	height int64
}

// show opens a page as a reader sees it.
func (b *tab) show(file string, l look) {
	b.t.Helper()
	path, err := filepath.Abs(file)
	require.NoError(b.t, err)
	b.do(
		chromedp.EmulateViewport(l.width, l.height),
		call(emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{
			{Name: "prefers-color-scheme", Value: l.theme}, {Name: "prefers-reduced-motion", Value: "reduce"},
		}}),
		chromedp.Navigate("file://"+path),
		chromedp.WaitReady(chromedp.CSS("html[data-drawn]")),
	)
}

// keep writes what the reader sees as a picture.
func (b *tab) keep(file string) {
	b.t.Helper()
	ctx, stop := context.WithTimeout(b.ctx, patience)
	defer stop()
	picture, err := chromedp.Run(ctx, chromedp.CaptureScreenshot())
	require.NoError(b.t, err)
	require.NoError(b.t, os.WriteFile(file, picture, 0o644))
}

// fine asks that nothing went wrong, and nothing but the page itself was loaded.
func (b *tab) fine() {
	b.t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	require.Empty(b.t, b.wrong)
	for _, url := range b.loaded {
		require.True(b.t, strings.HasPrefix(url, "file://") && strings.HasSuffix(url, ".html"), url)
	}
}
