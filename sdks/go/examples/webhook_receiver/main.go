// Receives webhooks: each is checked, and told once.
//
//	SAUTIKIT_WEBHOOK_SECRET=whsec_… PORT=3000 go run ./examples/webhook_receiver
package main

import (
	"encoding/json"
	"fmt"
	"log"
	"net/http"
	"os"
	"sync"

	"github.com/sautikit/sautikit-go"
)

func main() {
	// A delivery may come twice; its event's id says so. Keep the ids where you keep what you do about them.
	var seen sync.Map

	receive := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var event sautikit.WebhookEvent
		if err := json.NewDecoder(r.Body).Decode(&event); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		if _, twice := seen.LoadOrStore(event.ID, true); !twice {
			fmt.Println(event.Event, event.Data["call_id"])
		}
		w.WriteHeader(http.StatusNoContent)
	})

	signed := sautikit.VerifyMiddleware(os.Getenv("SAUTIKIT_WEBHOOK_SECRET"))
	http.Handle("/webhooks", signed(receive))
	log.Fatal(http.ListenAndServe("127.0.0.1:"+os.Getenv("PORT"), nil))
}
