/* The search of a site that is opened from a folder: browsers start no worker from a file, so a hidden frame does its work.

   The theme looks for `IFrameWorker` by this name, and would otherwise fetch one from another server. Only what the theme's
   search asks of a worker is here: messages both ways, and scripts that are loaded later. */

(() => {
  if (location.protocol !== "file:") return;

  const asWorker = (frame, worker) => {
    const inside = frame.contentWindow;
    inside.postMessage = (data) => worker.dispatchEvent(new MessageEvent("message", { data }));
    inside.importScripts = async (...addresses) => {
      for (const address of addresses) await load(inside.document, address);
    };
  };

  const load = (page, address) =>
    new Promise((done, failed) => {
      const script = page.createElement("script");
      script.src = address;
      script.onload = done;
      script.onerror = () => failed(new Error(`${address} could not be loaded`));
      page.head.append(script);
    });

  class IFrameWorker extends EventTarget {
    constructor(address) {
      super();
      this.frame = document.createElement("iframe");
      this.frame.hidden = true;
      this.frame.srcdoc = "<!doctype html><title>search</title>";
      this.ready = new Promise((done) => this.frame.addEventListener("load", done, { once: true })).then(() => {
        asWorker(this.frame, this);
        return load(this.frame.contentDocument, address);
      });
      document.documentElement.append(this.frame);
    }

    async postMessage(data) {
      await this.ready;
      this.frame.contentWindow.dispatchEvent(new MessageEvent("message", { data }));
    }

    terminate() {
      this.frame.remove();
    }
  }

  window.IFrameWorker = window.Worker = IFrameWorker;
})();
