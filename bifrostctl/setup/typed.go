package setup

import (
	"bytes"
	"io"
	"strings"
	"sync"

	tea "github.com/charmbracelet/bubbletea"
	"github.com/charmbracelet/huh"
)

// typed is what a user types, also before a question is asked. One reader takes it from the terminal for all questions: one of each
// question's own would take what follows its answer along, and lose it.
type typed struct {
	mu    sync.Mutex
	more  *sync.Cond
	ahead []byte
	err   error
}

func newTyped(in io.Reader) *typed {
	t := &typed{}
	t.more = sync.NewCond(&t.mu)
	go t.take(in)
	return t
}

// take reads until the end of the input. Enter that was typed while no question was open comes as the end of a line.
func (t *typed) take(in io.Reader) {
	buffer := make([]byte, 256)
	for {
		n, err := in.Read(buffer)
		t.mu.Lock()
		t.ahead, t.err = append(t.ahead, bytes.ReplaceAll(buffer[:n], []byte("\n"), []byte("\r"))...), err
		t.more.Broadcast()
		t.mu.Unlock()
		if err != nil {
			return
		}
	}
}

// answer is the input of one question: it ends with the key that answers it. After Enter or Tab it waits for what the question makes of
// it: a refused answer is typed anew.
type answer struct {
	*typed
	asked, over bool
}

// Read implements io.Reader.
func (a *answer) Read(p []byte) (int, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for !a.over && (a.asked || len(a.ahead) == 0 && a.err == nil) {
		a.more.Wait()
	}
	switch {
	case a.over:
		return 0, io.EOF
	case len(a.ahead) == 0:
		return 0, a.err
	}
	end := min(len(a.ahead), len(p))
	if i := bytes.IndexAny(a.ahead[:end], "\r\t"); i >= 0 {
		end, a.asked = i+1, true
	}
	n := copy(p, a.ahead[:end])
	a.ahead = a.ahead[n:]
	return n, nil
}

// settle says that the question took Enter for an answer, or that it goes on.
func (a *answer) settle(over bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.asked, a.over = false, a.over || over
	a.more.Broadcast()
}

// watched is a field that tells its input what becomes of Enter.
type watched struct {
	huh.Field
	answer *answer
	// agreed is the answer of a question for yes or no; nil of any other.
	agreed *bool
}

// Update implements huh.Field. The keys y and n choose, and Enter answers: huh takes the two for the whole answer, and the Enter behind
// them would answer the next question.
func (w *watched) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	key, is := msg.(tea.KeyMsg)
	if chosen := strings.ToLower(key.String()); is && w.agreed != nil && (chosen == "y" || chosen == "n") {
		*w.agreed = chosen == "y"
		return w, nil
	}
	model, cmd := w.Field.Update(msg)
	if field, still := model.(huh.Field); still {
		w.Field = field
	}
	if is && (key.Type == tea.KeyEnter || key.Type == tea.KeyTab) {
		w.answer.settle(cmd != nil)
	}
	return w, cmd
}
