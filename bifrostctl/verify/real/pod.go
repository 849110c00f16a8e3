package real

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/tools/portforward"
	"k8s.io/client-go/tools/remotecommand"
)

// listenTime is how long a port is looked at. A process that takes the connection and says nothing listens.
const listenTime = 5 * time.Second

// refused are the kubelet's words for a port at which no process listens.
const refused = "connection refused"

// Listens implements service.Pod. It opens the port and sends nothing: the error stream tells what became of the connection.
func (f forwarded) Listens(ctx context.Context, port int) (bool, error) {
	dialer, err := f.dialer()
	if err != nil {
		return false, err
	}
	connection, _, err := dialer.Dial(portforward.PortForwardProtocolV1Name)
	if err != nil {
		return false, err
	}
	defer connection.Close()
	headers := http.Header{}
	headers.Set(corev1.PortHeader, strconv.Itoa(port))
	headers.Set(corev1.PortForwardRequestIDHeader, "0")
	headers.Set(corev1.StreamType, corev1.StreamTypeError)
	failure, err := connection.CreateStream(headers)
	if err != nil {
		return false, err
	}
	failure.Close()
	headers.Set(corev1.StreamType, corev1.StreamTypeData)
	data, err := connection.CreateStream(headers)
	if err != nil {
		return false, err
	}
	data.Close()
	words := make(chan string, 1)
	go func() {
		text, _ := io.ReadAll(failure)
		words <- string(text)
	}()
	go io.Copy(io.Discard, data)
	timeout := time.NewTimer(listenTime)
	defer timeout.Stop()
	select {
	case <-ctx.Done():
		return false, ctx.Err()
	case <-timeout.C:
		return true, nil
	case text := <-words:
		if text == "" || strings.Contains(text, refused) {
			return text == "", nil
		}
		return false, errors.New(strings.TrimSpace(text))
	}
}

// Log implements service.Pod.
func (f forwarded) Log(ctx context.Context, container string, lines int) (string, error) {
	last, most := int64(lines), int64(maxAnswer)
	options := &corev1.PodLogOptions{Container: container, TailLines: &last, LimitBytes: &most}
	text, err := f.client.CoreV1().Pods(f.namespace).GetLogs(f.pod, options).DoRaw(ctx)
	return string(text), err
}

// Tunnel implements service.Pod, with the nc of the image. It ends with the context.
func (f forwarded) Tunnel(ctx context.Context, container, host, port string) (net.Conn, error) {
	target, err := f.target("exec")
	if err != nil {
		return nil, err
	}
	options := &corev1.PodExecOptions{Container: container, Command: []string{"nc", "-w", "10", host, port}, Stdin: true, Stdout: true,
		Stderr: true}
	query, err := scheme.ParameterCodec.EncodeParameters(options, corev1.SchemeGroupVersion)
	if err != nil {
		return nil, err
	}
	target.RawQuery = query.Encode()
	executor, err := remotecommand.NewSPDYExecutor(f.config, http.MethodPost, target)
	if err != nil {
		return nil, err
	}
	ours, theirs := net.Pipe()
	t := &tunnel{Conn: ours}
	go func() {
		var words bytes.Buffer
		err := executor.StreamWithContext(ctx, remotecommand.StreamOptions{Stdin: theirs, Stdout: theirs, Stderr: &words})
		if text := strings.TrimSpace(words.String()); err != nil || text != "" {
			end := fmt.Errorf("nc %s %s in pod %s: %s", host, port, f.pod, cmp.Or(text, fmt.Sprint(err)))
			t.end.Store(&end)
		}
		theirs.Close()
	}()
	return t, nil
}

// tunnel is a connection that ends with the words of what carried it.
type tunnel struct {
	net.Conn
	end atomic.Pointer[error]
}

// Read implements net.Conn.
func (t *tunnel) Read(into []byte) (int, error) {
	n, err := t.Conn.Read(into)
	return n, t.because(err)
}

// Write implements net.Conn.
func (t *tunnel) Write(data []byte) (int, error) {
	n, err := t.Conn.Write(data)
	return n, t.because(err)
}

func (t *tunnel) because(err error) error {
	if end := t.end.Load(); end != nil && (errors.Is(err, io.EOF) || errors.Is(err, io.ErrClosedPipe)) {
		return *end
	}
	return err
}
