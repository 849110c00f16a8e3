package main

import (
	"context"
	"net/http"
	"time"

	"github.com/gorilla/websocket"
)

// dashboard upgrades to the WebSocket over which the gateway's dashboard hears of requests; the stand-in has nothing to say there. The
// context ends it, as SIGTERM does: http.Server no longer knows of such a connection.
func (g *gateway) dashboard(ctx context.Context) http.HandlerFunc {
	upgrader := websocket.Upgrader{}
	return func(w http.ResponseWriter, r *http.Request) {
		connection, err := upgrader.Upgrade(w, r, nil)
		if err != nil {
			return // Upgrade has answered
		}
		defer connection.Close()
		defer context.AfterFunc(ctx, func() {
			going := websocket.FormatCloseMessage(websocket.CloseGoingAway, "")
			_ = connection.WriteControl(websocket.CloseMessage, going, time.Now().Add(time.Second))
			_ = connection.Close()
		})()
		for err == nil {
			_, _, err = connection.NextReader()
		}
	}
}
