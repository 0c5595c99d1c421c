import { factors } from "./factors/es.js";
import { passkey } from "./passkey/es.js";
import type { PageTexts } from "./shape.js";

export const es: PageTexts = {
  heading: {
    confirm: "Confirme su identidad",
    approve: "Confirme esta operación",
    done: "Confirmado",
    canceled: "Cancelado",
    nothing: "Nada que confirmar",
  },
  explain: {
    done: "Gracias. Ya puede continuar.",
    canceled: "No se ha aprobado nada. Puede empezar de nuevo cuando quiera.",
    nothing: "No hay ninguna solicitud abierta. Vuelva atrás e inténtelo otra vez.",
  },
  approving: "Está aprobando",
  method: {
    totp: "Aplicación de autenticación",
    sms: "Mensaje SMS",
    voice: "Llamada telefónica",
    email: "Correo electrónico",
    "recovery-code": "Código de recuperación",
    passkey: "Llave de acceso",
  },
  prompt: {
    totp: "Introduzca el código que muestra ahora su aplicación de autenticación.",
    "recovery-code": "Introduzca uno de los códigos de recuperación que guardó. Cada uno sirve una sola vez.",
    passkey: "Confirme con su llave de acceso.",
  },
  sending: {
    sms: ["Estamos enviando un SMS con un código al {to}.", "Le estamos enviando un SMS con un código."],
    voice: ["Estamos llamando al {to} para dictarle un código.", "Le estamos llamando para dictarle un código."],
    email: ["Estamos enviando un correo con un código a {to}.", "Le estamos enviando un correo con un código."],
  },
  sent: {
    sms: ["Hemos enviado un SMS con un código al {to}.", "Le hemos enviado un SMS con un código."],
    voice: ["Hemos llamado al {to} para dictarle un código.", "Le hemos llamado para dictarle un código."],
    email: ["Hemos enviado un correo con un código a {to}.", "Le hemos enviado un correo con un código."],
  },
  code: "Código",
  codeWithDigits: { other: "Código de {count} dígitos" },
  recoveryCode: "Código de recuperación",
  attempts: { one: "Queda {count} intento", other: "Quedan {count} intentos" },
  validUntil: "Válido hasta las {time}",
  sentAgain: "El código va de nuevo en camino.",
  neverShare: "No comparta nunca un código con nadie, ni siquiera con nosotros.",
  anotherWay: "Confirmar de otra forma",
  button: {
    confirm: "Confirmar",
    approve: "Aprobar",
    resend: "Reenviar el código",
    call: "Llamar de nuevo",
    cancel: "Cancelar",
    restart: "Empezar de nuevo",
    back: "Volver",
    continue: "Continuar",
    retry: "Reintentar",
    login: "Iniciar sesión",
  },
  resendIn: "Reenviar el código en {time}",
  callIn: "Llamar de nuevo en {time}",
  later: "más tarde",
  problem: {
    second_factor_required: ["Se necesita confirmación", "Confirme su identidad para continuar."],
    first_factor_required: ["No ha iniciado sesión", "Inicie sesión y vuelva a intentarlo."],
    not_enrolled: [
      "No hay segundo factor configurado",
      "Esto requiere un segundo factor además de la contraseña, y su cuenta no tiene ninguno que sirva " +
        "aquí. Contacte con el servicio de asistencia.",
    ],
    method_not_allowed: ["No se acepta aquí", "Esta forma de confirmar no se acepta aquí. Elija otra."],
    origin_refused: [
      "Solicitud rechazada",
      "Parece venir de otro sitio. Abra de nuevo esta página e inténtelo otra vez.",
    ],
    invalid_request: ["Falta algo", "Revise lo que ha introducido e inténtelo de nuevo."],
    wrong_code: ["Código incorrecto", "Revise el código e introdúzcalo de nuevo."],
    challenge_not_found: [
      "Nada que confirmar",
      "Esta solicitud ya no está abierta. Vuelva atrás e inténtelo otra vez.",
    ],
    challenge_expired: [
      "El código ha caducado",
      "Ha pasado demasiado tiempo. Empiece de nuevo para obtener otro código.",
    ],
    challenge_used: ["Ya confirmado", "Este código ya se ha utilizado, y cada código sirve una sola vez."],
    challenge_spent: [
      "Demasiados códigos incorrectos",
      "No quedan intentos para este código. Empiece de nuevo para obtener otro.",
    ],
    account_locked: [
      "Confirmación bloqueada",
      "Se han introducido demasiados códigos incorrectos. Para proteger su cuenta, inténtelo de nuevo {wait}.",
    ],
    limit_exceeded: ["Demasiados mensajes", "Se han enviado muchos códigos en poco tiempo. Podrá pedir otro {wait}."],
    delivery_failed: ["No se ha podido enviar el código", "Inténtelo de nuevo o elija otra forma de confirmar."],
    unavailable: ["No disponible en este momento", "El fallo es nuestro, no suyo. Inténtelo de nuevo {wait}."],
    misconfigured: [
      "No disponible en este momento",
      "Algo está mal configurado por nuestra parte. Contacte con asistencia.",
    ],
  },
  factors,
  passkey,
  devices: {
    title: "Dispositivos de confianza",
    lead: "En estos navegadores no se le pide el segundo paso cada vez. Quite los que ya no use.",
    none: "No hay dispositivos de confianza.",
    unnamed: "Dispositivo desconocido",
    until: "De confianza hasta el {date}",
    removeAll: "Quitar todos los dispositivos",
    trust: "Confiar en este dispositivo",
    hint: "Márquelo solo en un dispositivo propio.",
  },
  report: {
    title: "¿No ha sido usted?",
    lead: "Alguien ha pedido un código en su nombre. Confirme que no ha sido usted: la solicitud termina y su cuenta pedirá una nueva confirmación en todas partes.",
    confirm: "No he sido yo",
    done: "Gracias. La solicitud se ha detenido. Cambie ahora su contraseña: es posible que alguien la conozca.",
    invalid: "Este enlace ya no es válido. Si ha recibido un código que no ha pedido, cambie su contraseña.",
  },
};
